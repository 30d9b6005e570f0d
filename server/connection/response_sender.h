// Sends one HTTP response on a stream: the head and its first part together, then the other parts,
// framed as the head requires.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "server/connection/context.h"
#include "server/connection/stream_handlers.h"
#include "server/http/response_writer.h"
#include "server/net/stream.h"

namespace sioserve::connection {

class ResponseSender {
 public:
  ResponseSender(Context& context, net::Stream& stream, const http::ResponseContext& response)
      : context_(context), stream_(stream), writer_(response) {}

  bool started() const { return state_ != State::waiting; }
  bool complete() const { return state_ == State::complete; }

  // The response will be the connection's last. Only before the start.
  void close_behind() { writer_.close_behind(); }

  // For what is logged about the response.
  void set_request_id(const std::string& id) { request_id_ = id; }

  // Ignored once started. An unusable head is logged and answered with 500.
  void start(const ResponseHead& head, std::string body, BodyPart part);
  // Ignored before the start and after the last part.
  void send(std::string body, BodyPart part);
  void send_file(FilePart file, BodyPart part);
  // The end, behind parts of the body.
  void send_trailers(const Headers& trailers);

  // Bytes of this response that the kernel has not taken yet.
  std::size_t buffered() const;
  // For the access log, once started. The headers are there only if it wants them.
  std::uint16_t status() const { return status_; }
  const Headers& headers() const { return headers_; }
  // Of the body, without its framing.
  std::uint64_t body_bytes() const { return body_bytes_; }

  // Once complete: whether the connection may be used again.
  http::Persistence persistence() const { return writer_.persistence(); }
  bool incomplete() const { return writer_.incomplete(); }
  // The response has begun and is a stream of server-sent events (text/event-stream): it may end
  // at any point, and its client comes back by itself.
  bool is_event_stream() const { return state_ == State::started && event_stream_; }

 private:
  enum class State { waiting, started, complete };

  void send_part(std::string body, BodyPart part);
  template <typename Write>
  void frame(std::size_t size, BodyPart part, Write write);
  void end_chunks(const Headers& trailers);

  Context& context_;
  net::Stream& stream_;
  http::ResponseWriter writer_;
  State state_ = State::waiting;
  bool event_stream_ = false;
  std::size_t sent_ = 0;
  std::uint16_t status_ = 0;
  std::uint64_t body_bytes_ = 0;
  Headers headers_;
  std::string request_id_;
};

// Adds the header that tells the request's id, if there is to be one and `headers` has none.
void add_request_id(const Config& config, const std::string& id, Headers& headers);

// A short plain-text answer of the server itself.
ResponseHead plain_head(std::uint16_t status);
// The same, for a client that may come again soon.
ResponseHead busy_head(std::uint16_t status);
std::string plain_body(std::uint16_t status);

}  // namespace sioserve::connection
