// The reference server's default parser: packets as text with JSON, attachments as separate
// messages.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "socketio/parser/codec.h"

namespace sioserve::parser {

class JsonCodec final : public Codec {
 public:
  explicit JsonCodec(const SocketIoConfig& limits) : limits_(limits) {}

  std::unique_ptr<Decoder> make_decoder() const override;

 private:
  EncodedPacket encode(PacketType type, std::string_view name_space,
                       std::optional<std::uint64_t> ack_id, EncodedArgs data) const override;

  const SocketIoConfig& limits_;
};

}  // namespace sioserve::parser
