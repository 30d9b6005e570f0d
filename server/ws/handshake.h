// The server's side of the opening handshake (RFC 6455 section 4.2; over HTTP/2, RFC 8441 section
// 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/http_values.h"
#include "server/base/result.h"
#include "server/ws/deflate_offer.h"

namespace sioserve::ws {

struct Handshake {
  std::string accept_key;                   // for Sec-WebSocket-Accept; empty: HTTP/2 has none
  std::vector<std::string> subprotocols;    // as offered, in order
  std::optional<DeflateAgreement> deflate;  // can be agreed on
};

enum class HandshakeError { bad_request, version_unsupported };

// 400, or 426, which is sent with "Sec-WebSocket-Version: 13".
std::uint16_t status_of(HandshakeError error);

// Whether a request for an upgrade asks for WebSocket.
bool asks_for_websocket(const RequestHead& head);

Result<Handshake, HandshakeError> check_handshake(const RequestHead& head);

// The headers of the response that accepts. An empty subprotocol means none. The caller may reset
// handshake.deflate to disable compression.
Headers answer_headers(const Handshake& handshake, std::string_view subprotocol);

// Whether a header belongs to the handshake, so that an application cannot add it to the response.
bool belongs_to_handshake(std::string_view header_name);

}  // namespace sioserve::ws
