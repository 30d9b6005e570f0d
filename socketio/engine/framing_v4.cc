// Engine.IO 4: bodies are text (payload.h), a binary WebSocket message is a message as it stands.
#include "socketio/engine/framing.h"
#include "socketio/engine/payload.h"

namespace sioserve::engine {
namespace {

class Source final : public PacketSource {
 public:
  explicit Source(std::string body) : reader_(std::move(body)) { packet_ = reader_.next(); }

  bool at_end() const override { return !packet_; }

  std::optional<Received> next() override {
    const std::string_view packet = *packet_;
    packet_ = reader_.next();
    if (!is_binary(packet)) return Received{MessageKind::text, std::string(packet)};
    auto bytes = decode_binary(packet);
    if (!bytes) return std::nullopt;
    return Received{MessageKind::binary, std::move(*bytes)};
  }

 private:
  PayloadReader reader_;
  std::optional<std::string_view> packet_;
};

class FramingV4 final : public Framing {
 public:
  Protocol protocol() const override { return Protocol::v4; }

  bool takes_body(MessageKind kind) const override { return kind == MessageKind::text; }

  std::unique_ptr<PacketSource> read_body(MessageKind, std::string body) const override {
    return std::make_unique<Source>(std::move(body));
  }

  Payload write_body(std::span<const Message> messages) const override {
    std::size_t size = messages.size();
    for (const Message& message : messages) size += message.bytes->size();
    Payload payload{MessageKind::text, {}};
    payload.bytes.reserve(size);
    for (const Message& message : messages) {
      append_to_payload(payload.bytes, message.kind, *message.bytes);
    }
    return payload;
  }

  std::optional<Received> read_websocket(MessageKind kind, std::string message) const override {
    return Received{kind, std::move(message)};
  }

  Message write_websocket(Message message) const override { return message; }
};

}  // namespace

const Framing& framing_v4() {
  static const FramingV4 framing;
  return framing;
}

}  // namespace sioserve::engine
