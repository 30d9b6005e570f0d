// Properties of the handlers of JsonReader and MsgpackReader.
#pragma once

namespace sioserve::parser {

// Whether the handler itself refuses texts that are not UTF-8.
template <typename Handler>
inline constexpr bool checks_utf8 = [] {
  if constexpr (requires { Handler::checks_utf8; }) return Handler::checks_utf8;
  return false;
}();

}  // namespace sioserve::parser
