#include "server/http2/request_builder.h"

#include <charconv>
#include <cstdint>
#include <utility>

#include "server/base/field_syntax.h"
#include "server/http/request_target.h"

namespace sioserve::http2 {
namespace {

using http::ParseError;

constexpr std::size_t reserved_header_bytes = 512;

}  // namespace

void RequestBuilder::begin() {
  request_ = Request();
  request_.head = std::make_shared<RequestHead>();
  request_.head->http_version = "2";
  request_.head->headers.reserve(reserved_header_bytes);
  path_.clear();
  protocol_.clear();
  bytes_ = 0;
  has_cookie_ = false;
  further_cookies_ = 0;
}

void RequestBuilder::add(std::string_view name, std::string_view value) {
  bytes_ += size_of_field(name, value);
  if (request_.error) return;
  if (name.starts_with(':')) return add_pseudo_header(name, value);
  if (bytes_ > limits_.max_header_bytes) return refuse(ParseError::header_too_large);
  // A client may divide its cookies to compress them better (RFC 9113 section 8.2.3).
  const bool is_further_cookie = name == "cookie" && has_cookie_;
  if (is_further_cookie) {
    ++further_cookies_;
  } else if (request_.head->headers.size() - further_cookies_ == limits_.max_headers) {
    return refuse(ParseError::too_many_headers);
  }
  add_header(name, value);
}

void RequestBuilder::add_pseudo_header(std::string_view name, std::string_view value) {
  if (name == ":method") {
    request_.head->method = value;
    if (!is_token(value)) refuse(ParseError::malformed);
  } else if (name == ":path") {
    if (value.size() > limits_.max_request_line) return refuse(ParseError::request_line_too_long);
    path_ = value;
  } else if (name == ":authority") {
    if (value.size() > limits_.max_header_bytes) return refuse(ParseError::header_too_large);
    take_host(value);
  } else if (name == ":protocol") {
    protocol_ = value;
  }
  // The scheme is that of the connection, or what a trusted proxy says in a header.
}

void RequestBuilder::add_header(std::string_view name, std::string_view value) {
  if (name == "host") return take_host(value);
  if (name == "content-length") check_length(value);
  if (name == "expect") {
    if (!equals_ignoring_case(value, "100-continue"))
      return refuse(ParseError::expectation_unknown);
    request_.expects_continue = true;
  } else if (name == "cookie") {
    if (std::exchange(has_cookie_, true)) request_.has_several_cookie_headers = true;
  } else if (name.find('_') != std::string_view::npos) {
    request_.has_names_with_underscores = true;
  }
  request_.head->headers.add(name, value);
}

// RFC 9113 section 8.3.1: the application sees :authority as the Host header.
void RequestBuilder::take_host(std::string_view value) {
  HeaderBlock& headers = request_.head->headers;
  const auto host = find_header(headers, "host");
  if (host) {
    if (!equals_ignoring_case(*host, value)) refuse(ParseError::malformed);
    return;
  }
  if (!http::is_host(value)) return refuse(ParseError::malformed);
  headers.add("host", value);
}

void RequestBuilder::check_length(std::string_view value) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || end != value.data() + value.size()) {
    refuse(ParseError::malformed);
  } else if (limits_.max_body != 0 && length > limits_.max_body) {
    refuse(ParseError::body_too_large);
  }
}

void RequestBuilder::refuse(ParseError error) {
  if (!request_.error) request_.error = error;
}

Request RequestBuilder::take() {
  RequestHead& head = *request_.head;
  // A proxy passes on what an HTTP/1.1 client has written in Upgrade, where case does not matter
  // (RFC 9110, 7.8).
  if (head.method == "CONNECT" && equals_ignoring_case(protocol_, "websocket")) {
    request_.asks_for_websocket = true;
    head.method = "GET";
  }
  if (head.method == "CONNECT") refuse(ParseError::method_unsupported);
  const bool is_target = path_.starts_with('/') || path_ == "*";
  if (!is_target || http::split_target(path_, head) == http::TargetForm::invalid) {
    refuse(ParseError::malformed);
  }
  return std::move(request_);
}

}  // namespace sioserve::http2
