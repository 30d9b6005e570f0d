#include "bench/web_load/process_times.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace load {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

double cpu_time(const std::string& process) {
  const std::string text = text_of("/proc/" + process + "/stat");
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;  // it has ended
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

double cpu_time_of_tree(const std::string& process) {
  double sum = cpu_time(process);
  std::error_code gone;
  // Children are listed with the thread that started them.
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + process + "/task", gone)) {
    std::istringstream children(text_of(task.path() / "children"));
    for (std::string child; children >> child;) sum += cpu_time_of_tree(child);
  }
  return sum;
}

}  // namespace load
