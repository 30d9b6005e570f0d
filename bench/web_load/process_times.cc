#include "bench/web_load/process_times.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace load {
namespace {

// 0 if it has ended.
double cpu_time(const std::string& process) {
  clockid_t clock = 0;
  timespec time{};
  if (::clock_getcpuclockid(std::atoi(process.c_str()), &clock) != 0) return 0;
  if (::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

double cpu_time_of_tree(const std::string& process) {
  double sum = cpu_time(process);
  std::error_code gone;
  // Children are listed with the thread that started them.
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + process + "/task", gone)) {
    std::ifstream children(task.path() / "children");
    for (std::string child; children >> child;) sum += cpu_time_of_tree(child);
  }
  return sum;
}

}  // namespace load
