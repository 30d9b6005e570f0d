#include "server/http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "server/base/field_syntax.h"
#include "server/http/status.h"

namespace sioserve::http {
namespace {

// Which of the headers that the writer looks at a name is; most names are told apart by length.
enum class Known { other, connection, content_length, transfer_encoding };

Known known_header(std::string_view name) {
  switch (name.size()) {
    case 10:
      return equals_ignoring_case(name, "connection") ? Known::connection : Known::other;
    case 14:
      return equals_ignoring_case(name, "content-length") ? Known::content_length : Known::other;
    case 17:
      return equals_ignoring_case(name, "transfer-encoding") ? Known::transfer_encoding
                                                             : Known::other;
    default:
      return Known::other;
  }
}

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

void append_header(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
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

bool never_has_body(std::uint16_t status) { return status == 204 || status == 304; }

}  // namespace

std::optional<HeadError> ResponseWriter::start(const ResponseHead& head,
                                               std::optional<std::size_t> whole_body,
                                               const ServerHeaders& own, std::string& out) {
  if (const auto error = check(head)) return error;
  choose_framing(head.status, whole_body);

  append_status_line(head.status, out);
  for (const Header& header : head.headers) {
    switch (known_header(header.name)) {
      case Known::connection:
      case Known::content_length:
      case Known::transfer_encoding:
        break;
      case Known::other:
        append_header(header.name, header.value, out);
    }
  }
  // A 304 and the answer to HEAD may say how long the body would have been.
  std::optional<std::uint64_t> length = announced_;
  if (!length && head.status != 304) length = whole_body;
  if (length && head.status != 204) {
    out += "content-length: ";
    append_number(*length, 10, out);
    out += "\r\n";
  } else if (framing_ == Framing::chunked) {
    out += "transfer-encoding: chunked\r\n";
  }
  append_server_headers(head.headers, own, out);
  if (context_.persistence == Persistence::close) {
    out += "connection: close\r\n";
  } else if (context_.is_http_1_0) {
    out += "connection: keep-alive\r\n";
  }
  out += "\r\n";
  return std::nullopt;
}

std::optional<HeadError> ResponseWriter::check(const ResponseHead& head) {
  if (head.status < 200 || head.status > 599) return HeadError::status;
  for (const Header& header : head.headers) {
    if (!is_token(header.name)) return HeadError::header_name;
    if (!is_field_value(header.value)) return HeadError::header_value;
    switch (known_header(header.name)) {
      case Known::connection:
        if (list_contains(header.value, "close")) context_.persistence = Persistence::close;
        break;
      case Known::content_length: {
        const std::string_view text = trim(header.value);
        std::uint64_t length = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
        if (error != std::errc() || end != text.data() + text.size()) {
          return HeadError::content_length;
        }
        if (announced_ && *announced_ != length) return HeadError::content_length;
        announced_ = length;
        break;
      }
      case Known::transfer_encoding:
      case Known::other:
        break;
    }
  }
  return std::nullopt;
}

void ResponseWriter::choose_framing(std::uint16_t status, std::optional<std::size_t> whole_body) {
  if (context_.is_head || never_has_body(status)) {
    framing_ = Framing::none;
  } else if (status == 205) {
    framing_ = Framing::length;
    announced_ = 0;
  } else if (announced_ || whole_body) {
    framing_ = Framing::length;
    remaining_ = announced_ ? *announced_ : *whole_body;
  } else if (context_.is_http_1_0) {
    framing_ = Framing::until_close;
    context_.persistence = Persistence::close;
  } else {
    framing_ = Framing::chunked;
  }
}

std::size_t ResponseWriter::admit(std::size_t size) {
  switch (framing_) {
    case Framing::none:
      return 0;
    case Framing::length: {
      const std::size_t admitted = std::min<std::uint64_t>(size, remaining_);
      remaining_ -= admitted;
      return admitted;
    }
    case Framing::chunked:
    case Framing::until_close:
      return size;
  }
  return 0;
}

void ResponseWriter::append_chunk_start(std::size_t size, std::string& out) {
  append_number(size, 16, out);
  out += "\r\n";
}

void ResponseWriter::append_last_chunk(const Headers& trailers, std::string& out) const {
  out += "0\r\n";
  if (context_.takes_trailers) {
    for (const Header& trailer : trailers) append_header(trailer.name, trailer.value, out);
  }
  out += "\r\n";
}

Persistence ResponseWriter::persistence() const {
  return incomplete() ? Persistence::close : context_.persistence;
}

std::optional<HeadError> append_switching_protocols(const Headers& headers,
                                                    const ServerHeaders& own, std::string& out) {
  for (const Header& header : headers) {
    if (!is_token(header.name)) return HeadError::header_name;
    if (!is_field_value(header.value)) return HeadError::header_value;
  }
  append_status_line(101, out);
  for (const Header& header : headers) append_header(header.name, header.value, out);
  append_server_headers(headers, own, out);
  out += "\r\n";
  return std::nullopt;
}

void append_early_hints(const std::vector<std::string>& links, std::string& out) {
  append_status_line(103, out);
  for (const std::string& link : links) append_header("link", link, out);
  out += "\r\n";
}

}  // namespace sioserve::http
