// A cache of str objects for member names that clients send often.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

// Its size is fixed: a new name replaces the one in its slot. Strings refer to no other objects, so
// the garbage collector need not visit them. Used and destroyed with the GIL held.
class KeyCache {
 public:
  // A str from UTF-8. Null with an exception set.
  PyRef get(const Gil& gil, std::string_view name);

 private:
  static constexpr std::size_t size = 128;  // a power of two
  static constexpr std::size_t longest = 32;

  std::array<PyRef, size> strings_;  // only ASCII
};

}  // namespace sioserve::bridge
