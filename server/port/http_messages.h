// ASGI `http` across the port: events of a request, and commands of the application. A command for
// a stream that no longer exists does nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/base/file_part.h"
#include "server/base/http_values.h"
#include "server/port/ids.h"

namespace sioserve {

// --- events ---

// A new request, with the part of its body that has arrived.
struct HttpRequest {
  StreamId stream;
  SharedRequestHead head;
  SharedEndpoints endpoints;
  std::string body;
  bool more_body;
};

struct HttpBody {
  StreamId stream;
  std::string body;
  bool more_body;
};

// The client has disconnected, or the response is complete: nothing can be sent any more.
struct HttpDisconnect {
  StreamId stream;
};

// The client shut down its sending side and nothing was sent to it for some time, so it has
// probably disconnected. Output is still sent, in case it has not.
struct HttpAbandoned {
  StreamId stream;
};

// The application's timeout has expired: its response has been ended, its task must be cancelled.
struct HttpTimedOut {
  StreamId stream;
};

// The kernel has taken `bytes` of the application's output on this stream. Reported only in steps
// of a quarter of the send window, so a small response causes no event.
struct HttpSendCredit {
  StreamId stream;
  std::size_t bytes;
};

using HttpEvent = std::variant<HttpRequest, HttpBody, HttpDisconnect, HttpAbandoned, HttpTimedOut,
                               HttpSendCredit>;

// --- commands ---

// The start of a response, with the first part of its body.
struct HttpRespond {
  StreamId stream;
  std::optional<ResponseHead> head;
  std::string body;
  bool more_body;
};

// A response whose body is a file.
struct HttpRespondFile {
  StreamId stream;
  ResponseHead head;
  FilePart file;
  bool more_body;  // trailers follow
};

// The end of a response whose body was sent with more_body.
struct HttpTrailers {
  StreamId stream;
  Headers trailers;
};

struct HttpEarlyHints {
  StreamId stream;
  std::vector<std::string> links;
};

// The application took `bytes` of the request's body: the same number may be read from the socket.
struct HttpBodyConsumed {
  StreamId stream;
  std::size_t bytes;
};

// The application failed. Before the start of a response the client gets a 500, afterwards the
// connection is closed so that the client sees the response is cut.
struct HttpFail {
  StreamId stream;
};

// The ASGI application hands this request over to Engine.IO, which handles it from now on.
struct HttpHandOver {
  StreamId stream;
};

using HttpCommand = std::variant<HttpRespond, HttpRespondFile, HttpTrailers, HttpEarlyHints,
                                 HttpBodyConsumed, HttpFail, HttpHandOver>;

}  // namespace sioserve
