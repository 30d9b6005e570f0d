// The reference server's default parser: packets as text with JSON, attachments as separate
// messages. Socket.IO protocol 5:
//
//   <type>[<attachments>-][<namespace>,][<ack id>][<JSON>]
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/config.h"
#include "server/base/result.h"
#include "socketio/parser/codec.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/packet.h"

namespace sioserve::parser {

// The part of a packet before its JSON. Borrows from the message that it was read from.
struct PacketHeader {
  PacketType type;
  std::optional<std::size_t> attachments;  // for the binary types only
  std::string_view name_space;             // without its query
  std::string_view query;
  std::optional<std::uint64_t> ack_id;
  std::string_view payload;
};

Result<PacketHeader, DecodeError> read_header(std::string_view message,
                                              const SocketIoConfig& limits);

class JsonDecoder final : public Decoder {
 public:
  // `limits` must outlive it: each client has a decoder, which should be small.
  explicit JsonDecoder(const SocketIoConfig& limits) : limits_(limits) {}
  explicit JsonDecoder(SocketIoConfig&&) = delete;

  Result<std::optional<Packet>, DecodeError> decode_text(std::string_view message) override;
  Result<std::optional<Packet>, DecodeError> decode_binary(std::string message) override;
  std::string_view awaited_namespace() const override {
    return unfinished_ ? std::string_view(unfinished_->packet.name_space) : std::string_view();
  }

 private:
  // A packet whose attachments are still arriving.
  struct Unfinished {
    Packet packet;
    std::vector<bool> named;  // for each attachment: whether it has a placeholder
  };

  const SocketIoConfig& limits_;
  std::unique_ptr<Unfinished> unfinished_;
};

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
