// Distinguishes a child made by fork() from the process that created the server.
#pragma once

namespace sioserve::bridge {

// The number of forks between the process that loaded this code and the current one. It is checked
// for each command, for which getpid(), a system call, would be too slow.
unsigned fork_generation();

}  // namespace sioserve::bridge
