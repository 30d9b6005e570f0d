// The boundary between CPython and our C++: no C++ exception may cross the interpreter's frames, so
// each function that the interpreter calls is `guarded<&function>`.
#pragma once

#include <exception>
#include <type_traits>
#include <utility>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Within a catch block: sets the Python exception for the C++ one. OSError with its errno for
// std::system_error, MemoryError for std::bad_alloc, RuntimeError for all others.
void set_python_exception();

// Within a catch block: reports the C++ exception as unraisable, for callers that can return no
// exception. A Python exception that is already set stays set.
void report_unraisable_exception();

// Within a catch (...) block: does not return if the interpreter has ended and pthread_exit()
// unwinds this thread. That is no C++ exception, so there is no current one. Libstdc++ has a type
// for it, libc++ has not, and cannot rethrow it.
inline void hang_if_unwound_by_exit() {
  if (!std::current_exception()) hang_thread();
}

// The return value of an interpreter function with an exception set.
template <typename Result>
constexpr Result failure() {
  if constexpr (std::is_pointer_v<Result>) {
    return nullptr;
  } else if constexpr (std::is_same_v<Result, PySendResult>) {
    return PYGEN_ERROR;
  } else {
    static_assert(std::is_same_v<Result, int>, "what does the interpreter take for a failure?");
    return -1;
  }
}

template <auto Function>
struct Guard;

template <typename Result, typename... Args, Result (*Function)(Args...)>
struct Guard<Function> {
  static Result call(Args... args) {
    try {
      return Function(args...);
    } catch (...) {
      hang_if_unwound_by_exit();
      if constexpr (std::is_void_v<Result>) {
        report_unraisable_exception();
      } else {
        set_python_exception();
        return failure<Result>();
      }
    }
  }
};

template <auto Function>
inline constexpr auto guarded = &Guard<Function>::call;

// Returns the result of `function`, a PyRef or a bool; if it throws, null or false with a Python
// exception set. For code that must continue.
template <typename Function>
auto attempt(const Gil&, Function function) -> decltype(function()) {
  try {
    return function();
  } catch (...) {
    hang_if_unwound_by_exit();
    set_python_exception();
    return {};
  }
}

}  // namespace sioserve::bridge
