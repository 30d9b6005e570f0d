// The interface between Socket.IO packets and Engine.IO messages. The setting `parser` selects one
// codec for the whole server, so a broadcast is encoded once for all recipients.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/config.h"
#include "server/base/result.h"
#include "server/port/messages.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

// Decodes the messages of one Engine.IO session to packets. After an error the session must be
// closed.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // One Engine.IO message, without Engine.IO's packet type. Nullopt while attachments are missing.
  virtual Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message) = 0;
  virtual Result<std::optional<Packet>, DecodeError> decode_binary(std::string message) = 0;

  // The namespace of the packet whose attachments are missing; empty if none are. Valid until the
  // next message.
  virtual std::string_view awaited_namespace() const = 0;
};

// Stateless.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual std::unique_ptr<Decoder> make_decoder() const = 0;

  // `payload` is encoded JSON; empty: none.
  EncodedPacket encode_connect(std::string_view name_space, std::string payload) const {
    return encode(PacketType::connect, name_space, std::nullopt, {std::move(payload), {}});
  }
  EncodedPacket encode_connect_error(std::string_view name_space, std::string payload) const {
    return encode(PacketType::connect_error, name_space, std::nullopt, {std::move(payload), {}});
  }
  EncodedPacket encode_disconnect(std::string_view name_space) const {
    return encode(PacketType::disconnect, name_space, std::nullopt, {});
  }
  EncodedPacket encode_event(std::string_view name_space, EncodedArgs args,
                             std::optional<std::uint64_t> ack_id) const {
    return encode(PacketType::event, name_space, ack_id, std::move(args));
  }
  EncodedPacket encode_ack(std::string_view name_space, EncodedArgs args,
                           std::uint64_t ack_id) const {
    return encode(PacketType::ack, name_space, ack_id, std::move(args));
  }

 private:
  virtual EncodedPacket encode(PacketType type, std::string_view name_space,
                               std::optional<std::uint64_t> ack_id, EncodedArgs data) const = 0;
};

// The codec that `config` selects. `config` outlives the codec and its decoders.
std::unique_ptr<const Codec> make_codec(const SocketIoConfig& config);

}  // namespace sioserve::parser
