// Makes a RequestHead of the fields of a header block (RFC 9113 section 8.3), with the rules of
// HTTP/1 for what the fields say: their size and number, Host, Expect, the target.
//
// nghttp2 has already checked the grammar of names and values, the pseudo-headers, the fields of
// connections that are not allowed, and Content-Length.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/http_values.h"
#include "server/http/parse_error.h"
#include "server/http/request_parser.h"
#include "server/http2/events.h"

namespace sioserve::http2 {

class RequestBuilder {
 public:
  explicit RequestBuilder(const http::ParserLimits& limits) : limits_(limits) {}

  void begin();
  // After a field above a limit, the others are dropped. Names are in lower case.
  void add(std::string_view name, std::string_view value);
  // The block has ended.
  Request take();

 private:
  void add_pseudo_header(std::string_view name, std::string_view value);
  void add_header(std::string_view name, std::string_view value);
  void take_host(std::string_view value);
  void check_length(std::string_view value);
  void refuse(http::ParseError error);

  const http::ParserLimits limits_;
  Request request_;
  std::string path_;
  std::string protocol_;  // of an extended CONNECT
  std::size_t bytes_ = 0;
  bool has_cookie_ = false;
  std::size_t further_cookies_ = 0;  // headers behind the first Cookie
};

// What a field counts towards the limits: as a line of HTTP/1.
inline std::size_t size_of_field(std::string_view name, std::string_view value) {
  return name.size() + value.size() + std::string_view(": \r\n").size();
}

}  // namespace sioserve::http2
