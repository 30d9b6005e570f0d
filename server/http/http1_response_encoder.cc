#include "server/http/http1_response_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/http/status.h"

namespace sioserve::http {
namespace {

// Up to this size a copy is cheaper than a separate write.
constexpr std::size_t max_copied_body = 1'024;
constexpr std::string_view chunk_end = "\r\n";

void append_number(std::uint64_t number, int base, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

void append_status_line(std::uint16_t status, std::string& out) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(status, 10, out);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const Header& header) {
    return equals_ignoring_case(header.name, name);
  });
}

void append_server_headers(const Headers& given, const ServerHeaders& own, std::string& out) {
  const auto missing = [&](std::string_view name) {
    return !has_header(given, name) && !has_header(own.extra, name);
  };
  if (!own.date.empty() && missing("date")) append_header("date", own.date, out);
  if (!own.server.empty() && missing("server")) append_header("server", own.server, out);
  for (const Header& header : own.extra) {
    if (!has_header(given, header.name)) append_header(header.name, header.value, out);
  }
}

}  // namespace

void Http1ResponseEncoder::start(const ResponseStart& start, std::string&& body, BodyPart part) {
  scratch_.clear();
  choose_framing(start);
  append_head(start);
  write_body(std::move(body), part);
}

void Http1ResponseEncoder::choose_framing(const ResponseStart& start) {
  if (start.facts.connection_close) persistence_ = Persistence::close;
  if (start.body != Body::open) return;
  switch (version_) {
    case Http1Version::http_1_0:
      persistence_ = Persistence::close;
      break;
    case Http1Version::http_1_1:
      chunked_ = true;
      break;
  }
}

void Http1ResponseEncoder::append_head(const ResponseStart& start) {
  append_status_line(start.head.status, scratch_);
  for (const Header& header : start.head.headers) {
    switch (known_header(header.name)) {
      case KnownHeader::connection:
      case KnownHeader::content_length:
      case KnownHeader::transfer_encoding:
        break;
      case KnownHeader::content_type:
      case KnownHeader::date:
      case KnownHeader::server:
      case KnownHeader::other:
        append_header(header.name, header.value, scratch_);
    }
  }
  if (start.length) {
    scratch_ += "content-length: ";
    append_number(*start.length, 10, scratch_);
    scratch_ += "\r\n";
  } else if (chunked_) {
    scratch_ += "transfer-encoding: chunked\r\n";
  }
  const ServerHeaders& own = start.own;
  if (!own.lines.empty() && own.extra.empty() && !start.facts.has_date && !start.facts.has_server) {
    scratch_ += own.lines;
  } else {
    append_server_headers(start.head.headers, own, scratch_);
  }
  if (persistence_ == Persistence::close) {
    scratch_ += "connection: close\r\n";
  } else if (version_ == Http1Version::http_1_0) {
    scratch_ += "connection: keep-alive\r\n";
  }
  scratch_ += "\r\n";
}

void Http1ResponseEncoder::body(std::string&& body, BodyPart part) {
  scratch_.clear();
  write_body(std::move(body), part);
}

// Appends to the scratch string.
void Http1ResponseEncoder::write_body(std::string&& body, BodyPart part) {
  const std::size_t size = body.size();
  if (size > 0 && chunked_) append_chunk_start(size, scratch_);
  if (size <= max_copied_body) {
    scratch_ += body;
  } else {
    write_scratch();
    written_ += size;
    sink_.write_owned(std::move(body));
  }
  if (size > 0 && chunked_) scratch_ += chunk_end;
  if (part == BodyPart::last && chunked_) scratch_ += "0\r\n\r\n";
  write_scratch();
}

void Http1ResponseEncoder::file(FilePart&& file, BodyPart part) {
  scratch_.clear();
  if (file.size > 0) {
    if (chunked_) append_chunk_start(file.size, scratch_);
    write_scratch();
    written_ += file.size;
    sink_.write_file(std::move(file));
    if (chunked_) scratch_ += chunk_end;
  }
  if (part == BodyPart::last && chunked_) scratch_ += "0\r\n\r\n";
  write_scratch();
}

void Http1ResponseEncoder::trailers(const Headers& trailers) {
  if (!chunked_) return;
  scratch_.assign("0\r\n");
  for (const Header& trailer : trailers) append_header(trailer.name, trailer.value, scratch_);
  scratch_ += "\r\n";
  write_scratch();
}

void Http1ResponseEncoder::early_hints(const std::vector<std::string>& links) {
  if (version_ == Http1Version::http_1_0) return;
  scratch_.clear();
  append_status_line(103, scratch_);
  for (const std::string& link : links) append_header("link", link, scratch_);
  scratch_ += "\r\n";
  sink_.write(scratch_);
}

void Http1ResponseEncoder::continue_request() {
  if (version_ == Http1Version::http_1_1) sink_.write("HTTP/1.1 100 Continue\r\n\r\n");
}

void Http1ResponseEncoder::write_scratch() {
  if (scratch_.empty()) return;
  written_ += scratch_.size();
  sink_.write(scratch_);
  scratch_.clear();
}

void append_chunk_start(std::size_t size, std::string& out) {
  append_number(size, 16, out);
  out += "\r\n";
}

std::optional<HeadError> append_switching_protocols(const Headers& headers,
                                                    const ServerHeaders& own, std::string& out) {
  if (const auto error = check_headers(headers)) return error;
  append_status_line(101, out);
  for (const Header& header : headers) append_header(header.name, header.value, out);
  append_server_headers(headers, own, out);
  out += "\r\n";
  return std::nullopt;
}

}  // namespace sioserve::http
