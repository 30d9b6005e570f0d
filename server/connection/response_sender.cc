#include "server/connection/response_sender.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/http/status.h"

namespace sioserve::connection {
namespace {

std::string_view describe(http::HeadError error) {
  switch (error) {
    case http::HeadError::status:
      return "a status outside 200-599";
    case http::HeadError::header_name:
      return "an invalid header name";
    case http::HeadError::header_value:
      return "a control character in a header";
    case http::HeadError::content_length:
      return "an invalid Content-Length";
  }
  return "";
}

bool has_event_stream_type(const ResponseHead& head) {
  constexpr std::string_view type = "text/event-stream";
  return std::any_of(head.headers.begin(), head.headers.end(), [type](const Header& header) {
    return equals_ignoring_case(header.name, "content-type") &&
           equals_ignoring_case(std::string_view(header.value).substr(0, type.size()), type);
  });
}

}  // namespace

void ResponseSender::start(const ResponseHead& head, std::string body, BodyPart part) {
  if (state_ != State::waiting) return;
  std::optional<std::size_t> whole_body;
  if (part == BodyPart::last) whole_body = body.size();
  std::string& out = context_.scratch;
  out.clear();
  const http::ResponseWriter fresh = writer_;
  if (const auto error = writer_.start(head, whole_body, context_.server_headers(), out)) {
    context_.logger.log(
        LogCategory::server, LogLevel::error,
        "The application's response has " + std::string(describe(*error)) + "; answered with 500",
        request_id_);
    writer_ = fresh;
    start(plain_head(500), plain_body(500), BodyPart::last);
    return;
  }
  state_ = State::started;
  event_stream_ = has_event_stream_type(head);
  status_ = head.status;
  if (context_.access_log != nullptr && context_.access_log->wants_response_headers()) {
    headers_ = head.headers;
  }
  sent_ += out.size();
  stream_.write(out);
  send_part(std::move(body), part);
}

void ResponseSender::send(std::string body, BodyPart part) {
  if (state_ == State::started) send_part(std::move(body), part);
}

void ResponseSender::send_part(std::string body, BodyPart part) {
  body.resize(writer_.admit(body.size()));
  frame(body.size(), part, [&] { stream_.write_owned(std::move(body)); });
}

void ResponseSender::send_file(FilePart file, BodyPart part) {
  if (state_ != State::started) return;
  file.size = writer_.admit(file.size);
  frame(file.size, part, [&] { stream_.write_file(std::move(file)); });
}

void ResponseSender::send_trailers(const Headers& trailers) {
  if (state_ != State::started) return;
  state_ = State::complete;
  if (writer_.chunked()) end_chunks(trailers);
}

// `write` puts `size` bytes of the body on the stream.
template <typename Write>
void ResponseSender::frame(std::size_t size, BodyPart part, Write write) {
  if (part == BodyPart::last) state_ = State::complete;
  body_bytes_ += size;
  sent_ += size;
  if (!writer_.chunked()) {
    if (size > 0) write();
    return;
  }
  if (size > 0) {
    std::string& out = context_.scratch;
    out.clear();
    http::ResponseWriter::append_chunk_start(size, out);
    sent_ += out.size() + http::ResponseWriter::chunk_end.size();
    stream_.write(out);
    write();
    stream_.write(http::ResponseWriter::chunk_end);
  }
  if (part == BodyPart::last) end_chunks({});
}

void ResponseSender::end_chunks(const Headers& trailers) {
  std::string& out = context_.scratch;
  out.clear();
  writer_.append_last_chunk(trailers, out);
  sent_ += out.size();
  stream_.write(out);
}

std::size_t ResponseSender::buffered() const { return std::min(sent_, stream_.buffered()); }

void add_request_id(const Config& config, const std::string& id, Headers& headers) {
  const std::string& name = config.http.request_id_header;
  if (name.empty()) return;
  for (const Header& header : headers) {
    if (equals_ignoring_case(header.name, name)) return;
  }
  headers.push_back({name, id});
}

ResponseHead plain_head(std::uint16_t status) {
  return {status, {{"content-type", "text/plain; charset=utf-8"}}};
}

ResponseHead busy_head(std::uint16_t status) {
  ResponseHead head = plain_head(status);
  head.headers.push_back({"retry-after", "1"});
  return head;
}

std::string plain_body(std::uint16_t status) {
  return std::string(http::reason_phrase(status)) + "\n";
}

}  // namespace sioserve::connection
