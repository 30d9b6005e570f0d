#include "server/http/response_head.h"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "server/base/field_syntax.h"

namespace sioserve::http {
namespace {

constexpr std::string_view event_stream_type = "text/event-stream";

std::optional<std::uint64_t> parse_length(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The known names are valid.
std::optional<HeadError> check_header(const Header& header, KnownHeader name) {
  if (name == KnownHeader::other && !is_token(header.name)) return HeadError::header_name;
  if (!is_field_value(header.value)) return HeadError::header_value;
  return std::nullopt;
}

}  // namespace

std::string_view describe(HeadError error) {
  switch (error) {
    case HeadError::status:
      return "a status outside 200-599";
    case HeadError::header_name:
      return "an invalid header name";
    case HeadError::header_value:
      return "a control character in a header";
    case HeadError::content_length:
      return "an invalid Content-Length";
  }
  return "";
}

// Compares by length first: most names have different lengths. Most are in lower case, and
// comparing with a constant number of bytes needs no call.
KnownHeader known_header(std::string_view name) {
  const auto if_named = [name]<std::size_t size>(const char(&expected)[size], KnownHeader header) {
    const bool same = std::memcmp(name.data(), expected, size - 1) == 0;
    return same || equals_ignoring_case(name, expected) ? header : KnownHeader::other;
  };
  switch (name.size()) {
    case 4:
      return if_named("date", KnownHeader::date);
    case 6:
      return if_named("server", KnownHeader::server);
    case 10:
      return if_named("connection", KnownHeader::connection);
    case 12:
      return if_named("content-type", KnownHeader::content_type);
    case 14:
      return if_named("content-length", KnownHeader::content_length);
    case 17:
      return if_named("transfer-encoding", KnownHeader::transfer_encoding);
    default:
      return KnownHeader::other;
  }
}

Result<HeadFacts, HeadError> check_head(const ResponseHead& head) {
  if (head.status < 200 || head.status > 599) return Failure{HeadError::status};
  HeadFacts facts;
  for (const Header& header : head.headers) {
    const KnownHeader name = known_header(header.name);
    if (const auto error = check_header(header, name)) return Failure{*error};
    switch (name) {
      case KnownHeader::connection:
        if (list_contains(header.value, "close")) facts.connection_close = true;
        break;
      case KnownHeader::content_length: {
        const auto found = parse_length(header.value);
        if (!found || (facts.content_length && *facts.content_length != *found)) {
          return Failure{HeadError::content_length};
        }
        facts.content_length = found;
        break;
      }
      case KnownHeader::content_type: {
        const std::string_view value = header.value;
        if (equals_ignoring_case(value.substr(0, event_stream_type.size()), event_stream_type)) {
          facts.event_stream = true;
        }
        break;
      }
      case KnownHeader::date:
        facts.has_date = true;
        break;
      case KnownHeader::server:
        facts.has_server = true;
        break;
      case KnownHeader::transfer_encoding:
      case KnownHeader::other:
        break;
    }
  }
  return facts;
}

std::optional<HeadError> check_headers(const Headers& headers) {
  for (const Header& header : headers) {
    if (const auto error = check_header(header, known_header(header.name))) return error;
  }
  return std::nullopt;
}

}  // namespace sioserve::http
