// What two servers of a cluster tell each other over an inner connection. The caller has a request
// of a client whose session lives on the answerer.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/compression.h"
#include "server/base/http_values.h"

namespace sioserve::forwarding {

// --- the handshake (proof.h): in this order, before all others ---

struct Hello {  // of the caller
  std::uint32_t version = 0;
  std::string nonce = {};
};
struct Challenge {  // of the answerer
  std::string nonce;
  std::string proof;
};
struct Proof {  // of the caller
  std::string proof;
};
struct Welcome {};  // of the answerer

// --- both sides, while nothing else is sent ---

struct Ping {};

// --- one request or WebSocket of a client; the caller chooses the number ---

enum class StreamNumber : std::uint32_t {};

// Of the caller: what the client does.

struct OpenRequest {
  StreamNumber stream{};
  RequestHead head = {};
  Endpoints endpoints = {};
  std::string body = {};
  BodyPart part = BodyPart::last;
};
struct OpenWebSocket {
  StreamNumber stream{};
  RequestHead head = {};
  Endpoints endpoints = {};
  std::vector<std::string> subprotocols = {};
};
struct RequestBody {
  StreamNumber stream{};
  std::string bytes = {};
  BodyPart part = BodyPart::last;
};
// The caller stops: the request, if it is a GET that waits for packets, is to be answered now.
struct ReleasePoll {
  StreamNumber stream{};
};
// The WebSocket is accepted, and messages follow.
struct Opened {
  StreamNumber stream{};
};
struct ClientMessage {
  StreamNumber stream{};
  MessageKind kind = MessageKind::text;
  std::string payload = {};
};
// The client's kernel has so many bytes more of the ServerMessages.
struct Taken {
  StreamNumber stream{};
  std::uint64_t bytes = 0;
};
struct ClientEnding {  // connection::WebSocketHandler::on_peer_ended()
  StreamNumber stream{};
};
struct ClientFault {  // connection::WebSocketHandler::on_peer_fault()
  StreamNumber stream{};
  std::uint16_t code = 0;
  std::string reason = {};
};
// The last message about a stream. `code` and `reason` are of a WebSocket.
struct ClientGone {
  StreamNumber stream{};
  std::uint16_t code = 0;
  std::string reason = {};
};

// Of the answerer: what the server does.

struct WantBody {
  StreamNumber stream{};
};
// With the last part of the body, the stream ends.
struct Respond {
  StreamNumber stream{};
  ResponseHead head = {};
  std::string body = {};
  BodyPart part = BodyPart::last;
};
struct ResponseBody {
  StreamNumber stream{};
  std::string bytes = {};
  BodyPart part = BodyPart::last;
};
struct AcceptWebSocket {
  StreamNumber stream{};
  std::string subprotocol = {};
  Headers headers = {};
};
struct ServerMessage {
  StreamNumber stream{};
  MessageKind kind = MessageKind::text;
  Compression compression = Compression::allowed;
  std::string payload = {};
};
enum class Reading : std::uint8_t { paused, resumed };
struct ChangeReading {
  StreamNumber stream{};
  Reading reading = Reading::resumed;
};
struct CloseWebSocket {
  StreamNumber stream{};
  std::uint16_t code = 0;
  std::string reason = {};
};
// Closes the client's connection.
struct Abort {
  StreamNumber stream{};
};

using FromCaller = std::variant<OpenRequest, OpenWebSocket, RequestBody, ReleasePoll, Opened,
                                ClientMessage, Taken, ClientEnding, ClientFault, ClientGone>;
using FromAnswerer = std::variant<WantBody, Respond, ResponseBody, AcceptWebSocket, ServerMessage,
                                  ChangeReading, CloseWebSocket, Abort>;

// The position in this list is the type on the wire.
using Message = std::variant<Hello, Challenge, Proof, Welcome, Ping, OpenRequest, OpenWebSocket,
                             RequestBody, ReleasePoll, Opened, ClientMessage, Taken, ClientEnding,
                             ClientFault, ClientGone, WantBody, Respond, ResponseBody,
                             AcceptWebSocket, ServerMessage, ChangeReading, CloseWebSocket, Abort>;

// Of which request or WebSocket it is; 0 for the messages about none.
inline StreamNumber stream_of(const Message& message) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.stream; }) return one.stream;
        return StreamNumber{};
      },
      message);
}

}  // namespace sioserve::forwarding
