#include "server/http2/response_encoder.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "server/base/field_syntax.h"

namespace sioserve::http2 {
namespace {

// RFC 9113 section 8.2.2, and the length, which Response determines.
constexpr std::array<std::string_view, 6> not_of_http2 = {"connection",        "content-length",
                                                          "keep-alive",        "proxy-connection",
                                                          "transfer-encoding", "upgrade"};

bool is_sent(std::string_view name) {
  return std::none_of(not_of_http2.begin(), not_of_http2.end(), [name](std::string_view other) {
    return name.size() == other.size() && equals_ignoring_case(name, other);
  });
}

bool has_header(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const Header& header) {
    return equals_ignoring_case(header.name, name);
  });
}

void add_server_headers(const http::ResponseEncoder::ResponseStart& start, HeaderBlock& block) {
  const Headers& given = start.head.headers;
  const http::ServerHeaders& own = start.own;
  const bool has_date = start.facts.has_date || has_header(own.extra, "date");
  const bool has_server = start.facts.has_server || has_header(own.extra, "server");
  if (!own.date.empty() && !has_date) block.add("date", own.date);
  if (!own.server.empty() && !has_server) block.add("server", own.server);
  for (const Header& header : own.extra) {
    if (is_sent(header.name) && !has_header(given, header.name)) {
      block.add(header.name, trim(header.value));
    }
  }
}

}  // namespace

void ResponseEncoder::start(const ResponseStart& start, std::string&& body, BodyPart part) {
  HeaderBlock block;
  for (const Header& header : start.head.headers) {
    if (is_sent(header.name)) block.add(header.name, trim(header.value));
  }
  if (start.length) block.add("content-length", std::to_string(*start.length));
  add_server_headers(start, block);
  const bool ends = part == BodyPart::last && body.empty();
  engine_.send_head(stream_, start.head.status, block, ends ? HeadEnd::stream : HeadEnd::body);
  if (!ends) this->body(std::move(body), part);
}

void ResponseEncoder::body(std::string&& body, BodyPart part) {
  if (!body.empty()) engine_.send(stream_, std::move(body));
  if (part == BodyPart::last) engine_.end(stream_);
}

void ResponseEncoder::file(FilePart&& file, BodyPart part) {
  if (file.size > 0) engine_.send(stream_, std::move(file));
  if (part == BodyPart::last) engine_.end(stream_);
}

void ResponseEncoder::trailers(const Headers& trailers) {
  HeaderBlock block;
  for (const Header& trailer : trailers) block.add(trailer.name, trim(trailer.value));
  engine_.end(stream_, std::move(block));
}

void ResponseEncoder::early_hints(const std::vector<std::string>& links) {
  HeaderBlock block;
  for (const std::string& link : links) block.add("link", trim(link));
  engine_.send_interim(stream_, 103, block);
}

void ResponseEncoder::continue_request() { engine_.send_interim(stream_, 100, {}); }

}  // namespace sioserve::http2
