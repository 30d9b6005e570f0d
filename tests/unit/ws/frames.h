// Frames of clients and servers, built without the code under test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/ws/deflate.h"

namespace sioserve::ws {

inline constexpr unsigned final_bit = 0x80;
inline constexpr unsigned continuation = 0x0;
inline constexpr unsigned text = 0x1;
inline constexpr unsigned binary = 0x2;
inline constexpr unsigned close_opcode = 0x8;
inline constexpr unsigned ping = 0x9;
inline constexpr unsigned pong = 0xa;
inline constexpr unsigned compressed = 0x40;

inline std::string size_bytes(unsigned mask_bit, std::size_t size) {
  std::string bytes;
  if (size < 126) {
    bytes += static_cast<char>(mask_bit | size);
  } else {
    bytes += static_cast<char>(mask_bit | 126);
    bytes += static_cast<char>(size >> 8);
    bytes += static_cast<char>(size & 0xff);
  }
  return bytes;
}

// A client's frame: masked.
inline std::string frame(unsigned first_byte, std::string_view payload) {
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  std::string bytes(1, static_cast<char>(first_byte));
  bytes += size_bytes(0x80, payload.size());
  bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return bytes;
}

// A server's frame.
inline std::string unmasked(unsigned first_byte, std::string_view payload) {
  return std::string(1, static_cast<char>(first_byte)) + size_bytes(0, payload.size()) +
         std::string(payload);
}

inline std::string code(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

inline std::string close_frame(std::uint16_t value, const std::string& reason = "") {
  return frame(final_bit | close_opcode, code(value) + reason);
}

// A compressed message, with an empty window.
inline std::string deflated(const std::string& message) {
  return Deflater(15, ContextTakeover::off).compress(message);
}

// A server's responses to a close frame and to a peer's fault.
inline std::string close_answer(std::uint16_t value, const std::string& reason) {
  return unmasked(final_bit | close_opcode, code(value) + reason);
}

inline std::string failure(std::uint16_t value) {
  return close_answer(value, value == 1002   ? "protocol error"
                             : value == 1007 ? "invalid UTF-8"
                                             : "message too big");
}

}  // namespace sioserve::ws
