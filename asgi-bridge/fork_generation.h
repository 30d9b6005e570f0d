// Tells a child made by fork() from the process that made the server.
#pragma once

namespace sioserve::bridge {

// How many forks have led from the process that loaded this code to the one that runs it. Asked for
// each command, where getpid(), a system call, would show.
unsigned fork_generation();

}  // namespace sioserve::bridge
