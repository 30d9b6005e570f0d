// Engine.IO 3. A text body is a sequence of <length>:<packet>; the length counts UTF-16 code units,
// as in JavaScript. A binary message is "b4" and its base64. Clients with XMLHttpRequest 2 also use
// binary bodies: a sequence of 0x00 (text) or 0x01 (binary), the length in bytes with one byte for
// each decimal digit, 0xff, and the packet. A binary packet begins with its type as a byte, on
// WebSockets too.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/base64.h"
#include "server/base/utf8.h"
#include "socketio/engine/framing.h"

namespace sioserve::engine {
namespace {

constexpr char message_byte = 4;  // the type of a binary packet
constexpr std::string_view base64_mark = "b4";
constexpr char end_of_length = '\xff';
constexpr std::size_t max_length_digits = 9;

std::size_t units_at(unsigned char byte) {
  if ((byte & 0xc0) == 0x80) return 0;  // within a character
  return byte >= 0xf0 ? 2 : 1;
}

std::size_t count_units(std::string_view text) {
  std::size_t units = 0;
  for (const char byte : text) units += units_at(static_cast<unsigned char>(byte));
  return units;
}

// The bytes of the first `units` code units of UTF-8 text; nullopt if there are fewer, or if the
// cut would split a surrogate pair.
std::optional<std::size_t> bytes_of_units(std::string_view text, std::size_t units) {
  std::size_t bytes = 0;
  std::size_t counted = 0;
  for (; bytes < text.size(); ++bytes) {
    const std::size_t more = units_at(static_cast<unsigned char>(text[bytes]));
    if (more > 0 && counted == units) break;
    counted += more;
  }
  if (counted != units) return std::nullopt;
  return bytes;
}

std::optional<Received> read_binary(std::string_view packet) {
  if (!packet.starts_with(message_byte)) return std::nullopt;
  return Received{MessageKind::binary, std::string(packet.substr(1))};
}

std::optional<Received> read_text(std::string_view packet) {
  if (!packet.starts_with('b')) return Received{MessageKind::text, std::string(packet)};
  if (!packet.starts_with(base64_mark)) return std::nullopt;
  auto bytes = base64_decode_any(packet.substr(base64_mark.size()));
  if (!bytes) return std::nullopt;
  return Received{MessageKind::binary, std::move(*bytes)};
}

class TextSource final : public PacketSource {
 public:
  explicit TextSource(std::string body) : body_(std::move(body)), rest_(body_) {
    valid_ = !rest_.empty() && is_utf8(rest_);
  }

  bool at_end() const override { return valid_ && rest_.empty(); }

  std::optional<Received> next() override {
    const std::size_t digits = rest_.find(':');
    if (!valid_ || digits == 0 || digits > max_length_digits) return std::nullopt;
    std::size_t units = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + digits, units);
    if (error != std::errc() || end != rest_.data() + digits) return std::nullopt;
    rest_.remove_prefix(digits + 1);
    const auto size = bytes_of_units(rest_, units);
    if (!size) return std::nullopt;
    const std::string_view packet = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return read_text(packet);
  }

 private:
  const std::string body_;
  std::string_view rest_;
  bool valid_;
};

class BinarySource final : public PacketSource {
 public:
  explicit BinarySource(std::string body) : body_(std::move(body)), rest_(body_) {}

  bool at_end() const override { return rest_.empty() && !body_.empty(); }

  std::optional<Received> next() override {
    const std::size_t end = rest_.find(end_of_length);
    if (end == std::string_view::npos || end < 2 || end > max_length_digits + 1) {
      return std::nullopt;
    }
    const char kind = rest_.front();
    std::size_t size = 0;
    for (const char digit : rest_.substr(1, end - 1)) {
      if (digit < 0 || digit > 9) return std::nullopt;
      size = size * 10 + static_cast<std::size_t>(digit);
    }
    rest_.remove_prefix(end + 1);
    if (size > rest_.size()) return std::nullopt;
    const std::string_view packet = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (kind == 1) return read_binary(packet);
    if (kind != 0 || !is_utf8(packet)) return std::nullopt;
    return read_text(packet);
  }

 private:
  const std::string body_;
  std::string_view rest_;
};

std::string with_type(std::string_view bytes) {
  std::string packet;
  packet.reserve(bytes.size() + 1);
  packet += message_byte;
  packet += bytes;
  return packet;
}

std::string in_base64(std::string_view bytes) {
  return std::string(base64_mark) + base64_encode(bytes);
}

void append_binary(std::string& body, char kind, std::string_view packet) {
  body += kind;
  for (const char digit : std::to_string(packet.size())) body += static_cast<char>(digit - '0');
  body += end_of_length;
  body += packet;
}

class FramingV3 final : public Framing {
 public:
  explicit FramingV3(BinaryForm form) : form_(form) {}

  Protocol protocol() const override { return Protocol::v3; }

  bool takes_body(MessageKind) const override { return true; }

  std::unique_ptr<PacketSource> read_body(MessageKind kind, std::string body) const override {
    switch (kind) {
      case MessageKind::text:
        return std::make_unique<TextSource>(std::move(body));
      case MessageKind::binary:
        return std::make_unique<BinarySource>(std::move(body));
    }
    __builtin_unreachable();
  }

  Payload write_body(std::span<const Message> messages) const override {
    bool has_bytes = false;
    for (const Message& message : messages) {
      if (message.kind == MessageKind::binary && form_ == BinaryForm::bytes) has_bytes = true;
    }
    Payload payload{has_bytes ? MessageKind::binary : MessageKind::text, {}};
    for (const Message& message : messages) {
      if (!has_bytes) {
        const std::string packet =
            message.kind == MessageKind::binary ? in_base64(*message.bytes) : *message.bytes;
        payload.bytes.append(std::to_string(count_units(packet))).append(":").append(packet);
      } else if (message.kind == MessageKind::binary) {
        append_binary(payload.bytes, 1, with_type(*message.bytes));
      } else {
        append_binary(payload.bytes, 0, *message.bytes);
      }
    }
    return payload;
  }

  std::optional<Received> read_websocket(MessageKind kind, std::string message) const override {
    return kind == MessageKind::binary ? read_binary(message) : read_text(message);
  }

  Message write_websocket(Message message) const override {
    if (message.kind == MessageKind::text) return message;
    if (form_ == BinaryForm::base64) return {MessageKind::text, share(in_base64(*message.bytes))};
    return {MessageKind::binary, share(with_type(*message.bytes))};
  }

 private:
  const BinaryForm form_;
};

}  // namespace

const Framing& framing_v3(BinaryForm form) {
  static const FramingV3 bytes(BinaryForm::bytes);
  static const FramingV3 base64(BinaryForm::base64);
  return form == BinaryForm::bytes ? bytes : base64;
}

}  // namespace sioserve::engine
