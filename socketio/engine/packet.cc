#include "socketio/engine/packet.h"

namespace sioserve::engine {

std::optional<Packet> decode_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6') return std::nullopt;
  return Packet{static_cast<PacketType>(text.front()), text.substr(1)};
}

}  // namespace sioserve::engine
