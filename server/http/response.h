// One response, independent of the HTTP version (RFC 9110): whether it has started and is complete,
// whether it has a body and how much of it may be sent. No other class keeps this state.
//
// States: waiting (only interim responses were sent), started (the head was sent), complete (the
// last part was sent; later parts are ignored). The encoder writes the bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/file_part.h"
#include "server/base/http_values.h"
#include "server/http/response_encoder.h"
#include "server/http/response_head.h"

namespace sioserve::http {

class Response {
 public:
  // The response to a request with this method. The encoder outlives the response.
  Response(ResponseEncoder& encoder, std::string_view method)
      : encoder_(encoder), answers_head_(method == "HEAD") {}

  bool started() const { return state_ != State::waiting; }
  bool complete() const { return state_ == State::complete; }

  // Ignored once started. After an error nothing has been sent, and another head may follow.
  std::optional<HeadError> start(ResponseHead&& head, const ServerHeaders& own, std::string&& body,
                                 BodyPart part);
  // Ignored before the start and after the last part. Bytes beyond Content-Length are dropped.
  void send(std::string&& body, BodyPart part);
  void send_file(FilePart file, BodyPart part);
  // The end of a response, after parts of the body.
  void send_trailers(const Headers& trailers);
  // Interim responses; ignored once started.
  void send_early_hints(const std::vector<std::string>& links);
  void send_continue();

  // Once started.
  std::uint16_t status() const { return head_.status; }
  std::chrono::microseconds thread_wait() const { return head_.thread_wait; }
  std::chrono::microseconds called_at() const { return head_.called_at; }
  const std::string& route() const { return head_.route; }
  const Headers& headers() const { return head_.headers; }
  // Of the body, without its framing.
  std::uint64_t body_bytes() const { return body_bytes_; }
  // Fewer bytes than Content-Length announced.
  bool incomplete() const { return body_ == ResponseEncoder::Body::sized && remaining_ > 0; }
  // A stream of server-sent events is being sent: it may end at any point, because its client
  // reconnects.
  bool is_event_stream() const { return state_ == State::started && event_stream_; }

 private:
  enum class State { waiting, started, complete };

  // How many of the next bytes of the body are sent.
  std::size_t admit(std::size_t size);

  ResponseEncoder& encoder_;
  ResponseHead head_;
  State state_ = State::waiting;
  ResponseEncoder::Body body_ = ResponseEncoder::Body::none;
  const bool answers_head_;
  bool event_stream_ = false;
  std::uint64_t remaining_ = 0;  // of a sized body
  std::uint64_t body_bytes_ = 0;
};

}  // namespace sioserve::http
