// Checks the head of an application's response and finds the headers that the server needs, in one
// pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/http_values.h"
#include "server/base/result.h"

namespace sioserve::http {

enum class HeadError { status, header_name, header_value, content_length };

// For a log line: "The response has ...".
std::string_view describe(HeadError error);

struct HeadFacts {
  std::optional<std::uint64_t> content_length;
  bool has_date = false;
  bool has_server = false;
  bool connection_close = false;  // "Connection: close"
  bool event_stream = false;      // text/event-stream, of server-sent events
};

Result<HeadFacts, HeadError> check_head(const ResponseHead& head);
// Checks the headers of a response without other restrictions, such as "101 Switching Protocols".
std::optional<HeadError> check_headers(const Headers& headers);

// The headers that the server evaluates.
enum class KnownHeader {
  other,
  connection,
  content_length,
  content_type,
  date,
  server,
  transfer_encoding
};
KnownHeader known_header(std::string_view name);

}  // namespace sioserve::http
