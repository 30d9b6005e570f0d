// ASGI `http` across the port: what happens to a request (events), and what the application makes
// of it (commands). One about a stream that has gone does nothing.
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

// A new request, with as much of its body as had arrived.
struct HttpRequest {
  StreamId stream;
  SharedRequestHead head;
  Endpoints endpoints;
  std::string body;
  bool more_body;
};

struct HttpBody {
  StreamId stream;
  std::string body;
  bool more_body;
};

// The client has gone, or the response is complete: nothing can be sent any more.
struct HttpDisconnect {
  StreamId stream;
};

// The client has ended its side and nothing was sent to it for long: it has probably gone. What
// is sent all the same still reaches it if it has not.
struct HttpAbandoned {
  StreamId stream;
};

// The application took too long: its response has been ended, its task is to be cancelled.
struct HttpTimedOut {
  StreamId stream;
};

// `bytes` of what the application sent on this stream have reached the kernel. Reported only in
// steps of a quarter of the send window, so a small response causes none.
struct HttpSendCredit {
  StreamId stream;
  std::size_t bytes;
};

using HttpEvent = std::variant<HttpRequest, HttpBody, HttpDisconnect, HttpAbandoned, HttpTimedOut,
                               HttpSendCredit>;

// --- commands ---

// The start of a response travels with its first part of the body.
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

// The application took `bytes` of the request's body: as many more may be read from the socket.
struct HttpBodyConsumed {
  StreamId stream;
  std::size_t bytes;
};

// The application failed. Before the start of a response the client gets a 500, afterwards the
// connection is closed so that the client sees the response is cut.
struct HttpFail {
  StreamId stream;
};

// The ASGI application hands this request over to Engine.IO, which checks and answers it from here
// on.
struct HttpHandOver {
  StreamId stream;
};

using HttpCommand = std::variant<HttpRespond, HttpRespondFile, HttpTrailers, HttpEarlyHints,
                                 HttpBodyConsumed, HttpFail, HttpHandOver>;

}  // namespace sioserve
