#include "bench/socket_io_load/cpu_time.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace load {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A process that has just ended counts as nothing.
void add(CpuTime& sum, const std::string& process) {
  const std::filesystem::path folder = "/proc/" + process;
  const std::string text = contents(folder / "stat");
  if (text.empty()) return;
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  const auto second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  sum.all += (user + system) / second;
  sum.user += user / second;
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(folder / "task", ignored)) {
    std::istringstream children(contents(thread.path() / "children"));
    for (std::string child; children >> child;) add(sum, child);
  }
}

}  // namespace

CpuTime cpu_time(const std::vector<std::string>& processes) {
  CpuTime sum;
  for (const std::string& process : processes) add(sum, process);
  return sum;
}

}  // namespace load
