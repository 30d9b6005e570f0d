#include "server/http/response.h"

#include <algorithm>
#include <utility>

namespace sioserve::http {
namespace {

bool never_has_body(std::uint16_t status) { return status == 204 || status == 304; }

}  // namespace

std::optional<HeadError> Response::start(ResponseHead&& head, const ServerHeaders& own,
                                         std::string&& body, BodyPart part) {
  using Body = ResponseEncoder::Body;
  if (state_ != State::waiting) return std::nullopt;
  const auto facts = check_head(head);
  if (!facts) return facts.error();

  head_ = std::move(head);
  event_stream_ = facts->event_stream;
  std::optional<std::uint64_t> length = facts->content_length;
  if (answers_head_ || never_has_body(head_.status)) {
    // Responses to HEAD and 304 may have the Content-Length of the body that is left out.
    body_ = Body::none;
    if (!length && part == BodyPart::last && head_.status != 304) length = body.size();
    if (head_.status == 204) length.reset();
  } else {
    if (head_.status == 205) {
      length = 0;
    } else if (!length && part == BodyPart::last) {
      length = body.size();
    }
    body_ = length ? Body::sized : Body::open;
    remaining_ = length.value_or(0);
  }
  state_ = part == BodyPart::last ? State::complete : State::started;
  body.resize(admit(body.size()));
  encoder_.start({head_, *facts, body_, length, own}, std::move(body), part);
  return std::nullopt;
}

void Response::send(std::string&& body, BodyPart part) {
  if (state_ != State::started) return;
  if (part == BodyPart::last) state_ = State::complete;
  body.resize(admit(body.size()));
  encoder_.body(std::move(body), part);
}

void Response::send_file(FilePart file, BodyPart part) {
  if (state_ != State::started) return;
  if (part == BodyPart::last) state_ = State::complete;
  file.size = admit(file.size);
  encoder_.file(std::move(file), part);
}

void Response::send_trailers(const Headers& trailers) {
  if (state_ != State::started) return;
  state_ = State::complete;
  encoder_.trailers(trailers);
}

void Response::send_early_hints(const std::vector<std::string>& links) {
  if (state_ == State::waiting) encoder_.early_hints(links);
}

void Response::send_continue() {
  if (state_ == State::waiting) encoder_.continue_request();
}

std::size_t Response::admit(std::size_t size) {
  switch (body_) {
    case ResponseEncoder::Body::none:
      return 0;
    case ResponseEncoder::Body::sized:
      size = std::min<std::uint64_t>(size, remaining_);
      remaining_ -= size;
      break;
    case ResponseEncoder::Body::open:
      break;
  }
  body_bytes_ += size;
  return size;
}

}  // namespace sioserve::http
