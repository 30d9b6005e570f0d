// The server's side of the opening handshake (RFC 6455 section 4.2).
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
  std::string accept_key;                   // for Sec-WebSocket-Accept
  std::vector<std::string> subprotocols;    // as offered, in order
  std::optional<DeflateAgreement> deflate;  // what may be agreed to
};

enum class HandshakeError { bad_request, version_unsupported };

// 400, or 426, which goes with "Sec-WebSocket-Version: 13".
std::uint16_t status_of(HandshakeError error);

// Whether a request that asks for an upgrade asks for this protocol.
bool asks_for_websocket(const RequestHead& head);

Result<Handshake, HandshakeError> check_handshake(const RequestHead& head);

// What the 101 answer must contain. An empty subprotocol means none; so does a handshake.deflate
// that the caller has taken away.
Headers answer_headers(const Handshake& handshake, std::string_view subprotocol);

// Whether a header is the handshake's own, so that an application cannot add it to the answer.
bool belongs_to_handshake(std::string_view header_name);

}  // namespace sioserve::ws
