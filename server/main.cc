// The executable `sioserve`: CPython with the server as a built-in module. Python reads the command
// line (python/sioserve/cli.py).
#include <csignal>
#include <initializer_list>

#include "asgi-bridge/interpreter.h"

namespace {

// Signals that a service manager may send at any time, and that would end or suspend the process
// until Python has its handlers: cli.py unblocks them.
void hold_signals() {
  sigset_t held;
  sigemptyset(&held);
  for (const int number : {SIGHUP, SIGUSR1, SIGTTIN, SIGTTOU}) sigaddset(&held, number);
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  hold_signals();
  return sioserve::bridge::run_interpreter(argc, argv);
}
