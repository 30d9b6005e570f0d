// The packets of npm's socket.io-msgpack-parser: one binary message each, a MessagePack map of
// type, data, nsp and, with an acknowledgement, id. Bytes are part of the data, so there are no
// attachments. The application's JSON is converted to MessagePack once for each packet, for all
// recipients.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "socketio/parser/codec.h"

namespace sioserve::parser {

// Has no state between messages.
class MsgpackDecoder final : public Decoder {
 public:
  explicit MsgpackDecoder(const SocketIoConfig& limits) : limits_(limits) {}

  // Refused: clients of this parser never send text.
  Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message) override;
  Result<std::optional<Packet>, DecodeError> decode_binary(std::string message) override;
  std::string_view awaited_namespace() const override { return {}; }

 private:
  const SocketIoConfig& limits_;
};

class MsgpackCodec final : public Codec {
 public:
  explicit MsgpackCodec(const SocketIoConfig& limits) : limits_(limits) {}

  std::unique_ptr<Decoder> make_decoder() const override;

 private:
  EncodedPacket encode(PacketType type, std::string_view name_space,
                       std::optional<std::uint64_t> ack_id, EncodedArgs data) const override;

  const SocketIoConfig& limits_;
};

}  // namespace sioserve::parser
