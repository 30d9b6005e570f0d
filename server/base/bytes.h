// Byte containers shared by every layer. Bytes are kept in std::string, whatever they hold: text,
// binary, a whole HTTP body.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace sioserve {

// Bytes that a WebSocket message counts in a receive window in addition to its payload, so that
// empty messages are limited too.
inline constexpr std::size_t websocket_message_overhead = 64;

// An immutable buffer that many connections may queue at the same time (an encoded broadcast).
using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes share(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

// The type of a message: UTF-8 text or bytes (a WebSocket message's opcode).
enum class MessageKind : unsigned char { text, binary };

}  // namespace sioserve
