#include "socketio/engine/payload.h"

#include "server/base/base64.h"

namespace sioserve::engine {
namespace {
constexpr char separator = '\x1e';
}  // namespace

std::optional<std::string_view> PayloadReader::next() {
  if (at_end_) return std::nullopt;
  std::size_t end = body_.find(separator, position_);
  if (end == std::string::npos) {
    end = body_.size();
    at_end_ = true;
  }
  auto packet = std::string_view(body_).substr(position_, end - position_);
  position_ = end + 1;
  return packet;
}

std::optional<std::string> decode_binary(std::string_view packet) {
  return base64_decode_any(packet.substr(1));
}

void append_to_payload(std::string& payload, MessageKind kind, std::string_view bytes) {
  if (!payload.empty()) payload += separator;
  switch (kind) {
    case MessageKind::text:
      payload += bytes;
      return;
    case MessageKind::binary:
      payload += 'b';
      payload += base64_encode(bytes);
      return;
  }
}

}  // namespace sioserve::engine
