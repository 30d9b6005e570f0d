// Engine.IO packets (protocol 4): one character for the type, then data. Binary messages have no
// type character; each transport marks them in its own way.
#pragma once

#include <optional>
#include <string_view>

namespace sioserve::engine {

enum class PacketType : char {
  open = '0',
  close = '1',
  ping = '2',
  pong = '3',
  message = '4',
  upgrade = '5',
  noop = '6',
};

// Borrows its data from the parsed text.
struct Packet {
  PacketType type;
  std::string_view data;
};

// Nullopt for an empty text or an unknown type.
std::optional<Packet> decode_packet(std::string_view text);

}  // namespace sioserve::engine
