// Engine.IO 4: bodies are text (payload.h); a binary message on a WebSocket is one binary WebSocket
// message. Clients that can't send binary WebSocket messages send them as in bodies.
#include "socketio/engine/framing.h"
#include "socketio/engine/payload.h"

namespace sioserve::engine {
namespace {

std::optional<Received> read_text(std::string packet) {
  if (!is_binary(packet)) return Received{MessageKind::text, std::move(packet)};
  auto bytes = decode_binary(packet);
  if (!bytes) return std::nullopt;
  return Received{MessageKind::binary, std::move(*bytes)};
}

class Source final : public PacketSource {
 public:
  explicit Source(std::string body) : reader_(std::move(body)) { packet_ = reader_.next(); }

  bool at_end() const override { return !packet_; }

  std::optional<Received> next() override {
    const std::string_view packet = *packet_;
    packet_ = reader_.next();
    return read_text(std::string(packet));
  }

 private:
  PayloadReader reader_;
  std::optional<std::string_view> packet_;
};

class FramingV4 final : public Framing {
 public:
  explicit FramingV4(BinaryForm form) : form_(form) {}

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
    if (kind == MessageKind::text) return read_text(std::move(message));
    return Received{kind, std::move(message)};
  }

  Message write_websocket(Message message) const override {
    if (message.kind == MessageKind::text || form_ == BinaryForm::bytes) return message;
    std::string packet;
    append_to_payload(packet, message.kind, *message.bytes);
    return {MessageKind::text, share(std::move(packet))};
  }

 private:
  const BinaryForm form_;
};

}  // namespace

const Framing& framing_v4(BinaryForm form) {
  static const FramingV4 bytes(BinaryForm::bytes);
  static const FramingV4 base64(BinaryForm::base64);
  return form == BinaryForm::bytes ? bytes : base64;
}

}  // namespace sioserve::engine
