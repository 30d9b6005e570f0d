// What a thread of ours starts with: an exception that leaves it ends the process, because what the
// thread was about is in no known state, and says why first.
#pragma once

#include <exception>

namespace sioserve {

// Writes one line to standard error and aborts. `who` begins the sentence.
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
