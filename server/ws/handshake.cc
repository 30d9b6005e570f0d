#include "server/ws/handshake.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>

#include "server/base/base64.h"
#include "server/base/field_syntax.h"

namespace sioserve::ws {
namespace {

constexpr std::string_view key_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_bytes = 16;
constexpr std::array<std::string_view, 6> handshake_headers = {"connection",
                                                               "upgrade",
                                                               "sec-websocket-accept",
                                                               "sec-websocket-extensions",
                                                               "sec-websocket-version",
                                                               "sec-websocket-protocol"};

std::string accept_key_of(std::string_view key) {
  std::string text(key);
  text += key_suffix;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// Nullopt if the header is missing or repeated.
std::optional<std::string_view> only_header(const RequestHead& head, std::string_view name) {
  std::optional<std::string_view> value;
  for (const HeaderView& header : head.headers) {
    if (header.name != name) continue;
    if (value) return std::nullopt;
    value = header.value;
  }
  return value;
}

}  // namespace

std::uint16_t status_of(HandshakeError error) {
  switch (error) {
    case HandshakeError::bad_request:
      return 400;
    case HandshakeError::version_unsupported:
      return 426;
  }
  assert(false);
  return 400;
}

bool asks_for_websocket(const RequestHead& head) {
  return std::any_of(head.headers.begin(), head.headers.end(), [](const HeaderView& header) {
    return header.name == "upgrade" && list_contains(header.value, "websocket");
  });
}

Result<Handshake, HandshakeError> check_handshake(const RequestHead& head) {
  const bool is_http2 = head.http_version == "2";
  if (head.method != "GET" || (head.http_version != "1.1" && !is_http2)) {
    return Failure{HandshakeError::bad_request};
  }
  if (only_header(head, "sec-websocket-version") != "13") {
    return Failure{HandshakeError::version_unsupported};
  }
  Handshake handshake;
  if (!is_http2) {
    const auto key = only_header(head, "sec-websocket-key");
    if (!key) return Failure{HandshakeError::bad_request};
    const auto nonce = base64_decode(*key);
    if (!nonce || nonce->size() != key_bytes) return Failure{HandshakeError::bad_request};
    handshake.accept_key = accept_key_of(*key);
  }
  for (const HeaderView& header : head.headers) {
    if (header.name == "sec-websocket-extensions" && !handshake.deflate) {
      handshake.deflate = accept_deflate_offer(header.value);
    }
    if (header.name != "sec-websocket-protocol") continue;
    for (const std::string_view name : split_list(header.value)) {
      handshake.subprotocols.emplace_back(name);
    }
  }
  return handshake;
}

Headers answer_headers(const Handshake& handshake, std::string_view subprotocol) {
  Headers headers;
  if (!handshake.accept_key.empty()) {
    headers = {{"upgrade", "websocket"},
               {"connection", "Upgrade"},
               {"sec-websocket-accept", handshake.accept_key}};
  }
  if (!subprotocol.empty()) headers.push_back({"sec-websocket-protocol", std::string(subprotocol)});
  if (handshake.deflate) {
    headers.push_back({"sec-websocket-extensions", handshake.deflate->answer});
  }
  return headers;
}

bool belongs_to_handshake(std::string_view header_name) {
  return std::any_of(
      handshake_headers.begin(), handshake_headers.end(),
      [&](std::string_view name) { return equals_ignoring_case(header_name, name); });
}

}  // namespace sioserve::ws
