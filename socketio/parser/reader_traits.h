// What JsonReader and MsgpackReader share: properties of their handlers, and a depth.
#pragma once

#include <cstddef>

namespace sioserve::parser {

// For text that a reader has read before: above the limits of all readers.
inline constexpr std::size_t any_depth = 10'000;

// Whether the handler itself refuses texts that are not UTF-8.
template <typename Handler>
inline constexpr bool checks_utf8 = [] {
  if constexpr (requires { Handler::checks_utf8; }) return Handler::checks_utf8;
  return false;
}();

}  // namespace sioserve::parser
