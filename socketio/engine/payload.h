// Polling payloads (Engine.IO protocol 4, "HTTP long-polling"): packets separated by U+001E; a
// binary message is 'b' and its base64.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/bytes.h"

namespace sioserve::engine {

// Returns the packets of one request body one by one, so that reading can pause in between.
class PayloadReader {
 public:
  explicit PayloadReader(std::string body) : body_(std::move(body)) {}

  // The next packet, still encoded; valid as long as the reader. Nullopt at the end. An empty body
  // contains one empty packet, which is invalid.
  std::optional<std::string_view> next();

 private:
  std::string body_;
  std::size_t position_ = 0;
  bool at_end_ = false;
};

// Binary messages in text packets, in a payload or on a WebSocket. Their base64 may have line
// breaks (RFC 2045), as from the Java client, or no padding.
inline bool is_binary(std::string_view packet) { return packet.starts_with('b'); }
std::optional<std::string> decode_binary(std::string_view packet);

// Appends a message to a response body; `bytes` of a text message start with the packet type.
void append_to_payload(std::string& payload, MessageKind kind, std::string_view bytes);

}  // namespace sioserve::engine
