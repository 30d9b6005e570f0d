// The atoms of a format string: gunicorn's names, uvicorn's names for some of them, and those of
// sioserve.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/access_log/line.h"
#include "server/access_log/timestamp.h"
#include "server/base/access_record.h"
#include "server/base/trace_context.h"

namespace sioserve::access_log {

enum class Atom : std::uint8_t {
  literal,           // the segment's own text
  client_host,       // h
  client_address,    // client_addr: with the port
  dash,              // l
  user,              // u: of Basic authentication
  time_in_brackets,  // t
  time,              // time
  iso_time,          // iso_time
  request_line,      // r, request_line: with the protocol
  request,           // request: without it; for WebSockets the event instead of the method
  method,            // m, method
  path,              // U: without the query
  query,             // q
  target,            // full_path
  protocol,          // H
  status,            // s, status_code
  http_status,       // http_status: "-" for WebSockets
  bytes,             // B
  bytes_or_dash,     // b: "-" for nothing, and for WebSockets
  referer,           // f
  user_agent,        // a
  seconds,           // T
  microseconds,      // D
  milliseconds,      // M
  decimal_seconds,   // L
  thread_wait,       // thread_wait: microseconds
  process_id,        // p
  request_id,        // id
  trace_id,          // trace_id: of the header traceparent
  span_id,           // span_id: of the caller, of the same header
  host,              // host
  scheme,            // scheme
  event,             // event
  close_code,        // close_code
  outcome,           // outcome
  request_header,    // {name}i
  response_header,   // {name}o
};

std::optional<Atom> find_atom(std::string_view name);
// The most similar existing name.
std::string_view nearest_atom(std::string_view name);

std::string_view event_name(AccessEvent event);
std::string_view scheme_of(const AccessRecord& record);
// Empty without a valid header.
TraceContext trace_of(const AccessRecord& record);
std::string target_of(const AccessRecord& record);
std::string protocol_of(const AccessRecord& record);

// `header`: for the last two atoms, in lower case. Values from the client are escaped.
void append_atom(Atom atom, std::string_view header, const AccessRecord& record,
                 const Timestamp& time, Line& out);

// The line that the default format describes, for much less than its atoms cost one by one.
void append_default(const AccessRecord& record, const Timestamp& time, Line& out);

}  // namespace sioserve::access_log
