// Socket.IO protocol 5, encoding: each packet becomes one text message, whose length is computed
// first, and one binary message per attachment. A broadcast is encoded once for all recipients. The
// JSON is not parsed.
#include "socketio/parser/json_codec.h"

#include <array>
#include <charconv>
#include <initializer_list>
#include <string>
#include <utility>

#include "socketio/parser/json_decoder.h"

namespace sioserve::parser {
namespace {

// Converts a number to decimal digits without an allocation.
class Digits {
 public:
  explicit Digits(std::uint64_t number)
      : end_(std::to_chars(buffer_.data(), buffer_.data() + buffer_.size(), number).ptr) {}

  std::string_view view() const {
    return {buffer_.data(), static_cast<std::size_t>(end_ - buffer_.data())};
  }

 private:
  std::array<char, 20> buffer_;
  char* end_;
};

SharedBytes concatenate(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text += part;
  return share(std::move(text));
}

// The default namespace is left out.
std::string_view written(std::string_view name_space) {
  return name_space == "/" ? std::string_view() : name_space;
}

std::string_view comma_after(std::string_view name_space) { return name_space == "/" ? "" : ","; }

// With Engine.IO's packet type before it.
std::string_view type_digits(PacketType type, bool has_attachments) {
  switch (type) {
    case PacketType::connect:
      return "40";
    case PacketType::disconnect:
      return "41";
    case PacketType::event:
      return has_attachments ? "45" : "42";
    case PacketType::ack:
      return has_attachments ? "46" : "43";
    case PacketType::connect_error:
      return "44";
  }
  __builtin_unreachable();
}

}  // namespace

std::unique_ptr<Decoder> JsonCodec::make_decoder() const {
  return std::make_unique<JsonDecoder>(limits_);
}

EncodedPacket JsonCodec::encode(PacketType type, std::string_view name_space,
                                std::optional<std::uint64_t> ack_id, EncodedArgs data) const {
  const bool has_attachments = !data.attachments.empty();
  const Digits count(data.attachments.size());
  const Digits id(ack_id.value_or(0));
  EncodedPacket packet;
  packet.message =
      concatenate({type_digits(type, has_attachments), has_attachments ? count.view() : "",
                   has_attachments ? "-" : "", written(name_space), comma_after(name_space),
                   ack_id ? id.view() : "", data.json});
  packet.attachments.reserve(data.attachments.size());
  for (std::string& attachment : data.attachments) {
    packet.attachments.push_back(share(std::move(attachment)));
  }
  return packet;
}

}  // namespace sioserve::parser
