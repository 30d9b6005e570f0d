// CPU time of a server.
#pragma once

#include <string>

namespace load {

// Of a process and its descendants, all threads, in seconds.
double cpu_time_of_tree(const std::string& process);

}  // namespace load
