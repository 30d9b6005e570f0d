// From Engine.IO messages to Socket.IO packets.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/config.h"
#include "server/base/result.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

// One per Engine.IO session. After an error the session is to be closed.
class Decoder {
 public:
  explicit Decoder(const SocketIoConfig& limits) : limits_(limits) {}

  // Movable only: a packet that waits for attachments is referred to from within.
  Decoder(Decoder&&) = default;
  Decoder& operator=(Decoder&&) = default;

  // One Engine.IO message, without Engine.IO's packet type. Nullopt while attachments are missing.
  Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message);
  Result<std::optional<Packet>, DecodeError> decode_binary(std::string message);

 private:
  // A packet whose attachments are still arriving.
  struct Unfinished {
    Packet packet;
    // Where each attachment belongs in the packet's data, in the order of their numbers; null for
    // an attachment that no placeholder names. Elements of the outermost array or deeper, so
    // moving the packet does not move them.
    std::vector<Json*> slots;
    std::size_t received = 0;
  };

  SocketIoConfig limits_;
  std::optional<Unfinished> unfinished_;
};

}  // namespace sioserve::parser
