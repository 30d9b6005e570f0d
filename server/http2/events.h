// What the engine reports to the owner of the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "server/base/file_part.h"
#include "server/base/http_values.h"
#include "server/http/parse_error.h"
#include "server/http2/values.h"

namespace sioserve::http2 {

// A request whose head is complete.
struct Request {
  std::shared_ptr<RequestHead> head;      // never null
  std::optional<http::ParseError> error;  // the request must be refused; the head is incomplete
  bool expects_continue = false;
  // An extended CONNECT for a WebSocket (RFC 8441); its method is GET, as that of HTTP/1.
  bool asks_for_websocket = false;
  // What http/request_headers.h may have to change.
  bool has_several_cookie_headers = false;
  bool has_names_with_underscores = false;
};

struct RequestReceived {
  StreamId stream;
  Request request;
  BodyPart part;  // last: it has no body
};

// A head that violates RFC 9113: the engine has reset the stream.
struct RequestMalformed {
  StreamId stream;
  std::string reason;
};

// All DATA of one stream that came in one piece of input. The owner must consume() the bytes.
struct BodyReceived {
  StreamId stream;
  std::string_view first;  // borrowed from the input of feed()
  std::string joined;      // of several DATA frames, instead of `first`
  BodyPart part;

  std::string_view body() const { return joined.empty() ? first : joined; }
};

// The body is larger than the limit. The rest of it is dropped.
struct BodyTooLarge {
  StreamId stream;
};

// Bytes of the stream's body have been written.
struct Drained {
  StreamId stream;
};

// The next bytes of the stream's body have to be read from a file; see Engine::give_file_bytes().
struct FileWanted {
  StreamId stream;
  FilePart part;
};

// Both sides have ended the stream, or one has reset it. The last event of a stream.
struct StreamClosed {
  StreamId stream;
  ErrorCode code;
  bool peer_fault;     // the engine has reset it: the client violated the protocol
  std::size_t unsent;  // bytes of the body that were not written
};

// The client will begin no more requests.
struct ClientLeaves {};

// The client has received everything that was written before announce_shutdown().
struct ShutdownAnnounced {};

using Event = std::variant<RequestReceived, RequestMalformed, BodyReceived, BodyTooLarge, Drained,
                           FileWanted, StreamClosed, ClientLeaves, ShutdownAnnounced>;

}  // namespace sioserve::http2
