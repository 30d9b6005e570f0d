// Byte containers shared by every layer. Bytes are kept in std::string, whatever they hold: text,
// binary, a whole HTTP body.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace sioserve {

// What a WebSocket message costs in a receive window beyond its payload, so that empty messages are
// bounded too.
inline constexpr std::size_t websocket_message_overhead = 64;

// An immutable buffer that any number of connections may queue at once (an encoded broadcast).
// The only thing in this code base that is shared by counting references.
using SharedBytes = std::shared_ptr<const std::string>;

inline SharedBytes share(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

// How a message is to be read: UTF-8 text or opaque bytes (a WebSocket message's opcode).
enum class MessageKind : unsigned char { text, binary };

}  // namespace sioserve
