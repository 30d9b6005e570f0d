// The strings of member names that clients send again and again.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Bounded whatever clients send: a name takes the place of another one. Strings refer to nothing,
// so the garbage collector need not see them. Used and destroyed with the GIL held.
class KeyCache {
 public:
  // A str of this UTF-8. Null with an exception set.
  PyRef get(const Gil& gil, std::string_view name);

 private:
  static constexpr std::size_t size = 128;  // a power of two
  static constexpr std::size_t longest = 32;

  std::array<PyRef, size> strings_;  // of ASCII
};

}  // namespace sioserve::bridge
