// The packets of npm's socket.io-msgpack-parser: one binary message each, a MessagePack map of
// type, data, nsp and, with an acknowledgement, id. Bytes stand within the data, so there are no
// attachments. The application's JSON becomes MessagePack once for each packet, however many
// receive it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "socketio/parser/codec.h"

namespace sioserve::parser {

// Between messages it keeps nothing.
class MsgpackDecoder final : public Decoder {
 public:
  explicit MsgpackDecoder(const SocketIoConfig& limits) : limits_(limits) {}

  // Refused: no client of this parser sends text.
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
