// The negotiation of permessage-deflate (RFC 7692 section 7.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sioserve::ws {

// The agreed compression in both directions. Without context takeover every message starts with an
// empty window.
struct DeflateParameters {
  int server_window_bits = 15;  // 9 to 15
  int client_window_bits = 15;  // 8 to 15
  bool server_context_takeover = true;
  bool client_context_takeover = true;
};

struct DeflateAgreement {
  DeflateParameters parameters;
  std::string answer;  // for Sec-WebSocket-Extensions
};

// The answer to the first offer that can be accepted; nullopt if there is none. `offers` is a
// Sec-WebSocket-Extensions header.
// Windows have 4 KiB (12 bits) if the peer allows it: larger ones gain little on messages of a few
// kilobytes and need up to eight times the memory per connection. The server's own window need not
// be announced, so it is only in the answer to a client that has asked for it.
std::optional<DeflateAgreement> accept_deflate_offer(std::string_view offers);

}  // namespace sioserve::ws
