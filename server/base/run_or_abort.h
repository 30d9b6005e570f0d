// The entry function of the server's threads. An exception that leaves a thread is reported and
// ends the process, because the state of the thread's data is unknown.
#pragma once

#include <exception>

namespace sioserve {

// Writes one line to standard error and aborts. `who` is the subject of the sentence.
[[noreturn]] void abort_because(const char* who, const char* what);

template <typename Function>
void run_or_abort(const char* who, Function&& function) {
  try {
    function();
  } catch (const std::exception& error) {
    abort_because(who, error.what());
  } catch (...) {
    abort_because(who, "unknown exception");
  }
}

}  // namespace sioserve
