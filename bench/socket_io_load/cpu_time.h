// The CPU time that servers have used.
#pragma once

#include <string>
#include <vector>

namespace load {

// In seconds, of all threads of processes.
struct CpuTime {
  double all = 0;
  double user = 0;  // without the kernel
};

// Of these processes and all their children.
CpuTime cpu_time(const std::vector<std::string>& processes);

}  // namespace load
