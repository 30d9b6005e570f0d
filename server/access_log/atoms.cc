#include "server/access_log/atoms.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "server/access_log/escape.h"
#include "server/access_log/logged_query.h"
#include "server/base/base64.h"
#include "server/base/field_syntax.h"

namespace sioserve::access_log {
namespace {

struct Name {
  std::string_view name;
  Atom atom;
};

constexpr Name names[] = {
    {"h", Atom::client_host},
    {"client_addr", Atom::client_address},
    {"l", Atom::dash},
    {"u", Atom::user},
    {"t", Atom::time_in_brackets},
    {"time", Atom::time},
    {"iso_time", Atom::iso_time},
    {"r", Atom::request_line},
    {"request_line", Atom::request_line},
    {"request", Atom::request},
    {"m", Atom::method},
    {"method", Atom::method},
    {"U", Atom::path},
    {"q", Atom::query},
    {"full_path", Atom::target},
    {"H", Atom::protocol},
    {"s", Atom::status},
    {"status_code", Atom::status},
    {"http_status", Atom::http_status},
    {"B", Atom::bytes},
    {"b", Atom::bytes_or_dash},
    {"f", Atom::referer},
    {"a", Atom::user_agent},
    {"T", Atom::seconds},
    {"D", Atom::microseconds},
    {"M", Atom::milliseconds},
    {"L", Atom::decimal_seconds},
    {"thread_wait", Atom::thread_wait},
    {"p", Atom::process_id},
    {"id", Atom::request_id},
    {"trace_id", Atom::trace_id},
    {"span_id", Atom::span_id},
    {"host", Atom::host},
    {"scheme", Atom::scheme},
    {"event", Atom::event},
    {"close_code", Atom::close_code},
    {"outcome", Atom::outcome},
};

// The Levenshtein distance.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

void append_value(std::string_view value, Line& out) {
  if (value.empty()) {
    out.add('-');
  } else {
    append_escaped(value, out);
  }
}

void append_number_or_dash(std::uint64_t number, Line& out) {
  if (number == 0) {
    out.add('-');
  } else {
    out.add_number(number);
  }
}

void append_count(std::chrono::microseconds::rep count, Line& out) {
  out.add_number(static_cast<std::uint64_t>(count));
}

void append_request_header(std::string_view name, const AccessRecord& record, Line& out) {
  append_value(find_header(record.head->headers, name).value_or(""), out);
}

// Names of response headers have the case that the application used.
void append_response_header(std::string_view name, const AccessRecord& record, Line& out) {
  for (const Header& header : record.response_headers) {
    if (equals_ignoring_case(header.name, name)) return append_value(header.value, out);
  }
  out.add('-');
}

void append_client_address(const AccessRecord& record, Line& out) {
  if (!record.endpoints || record.endpoints->client.host.empty()) {
    out.add('-');
    return;
  }
  append_escaped(record.endpoints->client.host, out);
  out.add(':');
  out.add_number(static_cast<std::uint64_t>(record.endpoints->client.port));
}

void append_user(const AccessRecord& record, Line& out) {
  constexpr std::string_view basic = "basic ";
  const std::string_view value = find_header(record.head->headers, "authorization").value_or("");
  std::optional<std::string> credentials;
  if (equals_ignoring_case(value.substr(0, basic.size()), basic)) {
    credentials = base64_decode(trim(value.substr(basic.size())));
  }
  append_value(credentials ? credentials->substr(0, credentials->find(':')) : "", out);
}

void append_target(const AccessRecord& record, Line& out) {
  append_value(record.head->raw_path, out);
  if (record.head->query_string.empty()) return;
  out.add('?');
  append_escaped(logged_query(record.head->query_string), out);
}

void append_protocol(const AccessRecord& record, Line& out) {
  if (record.head->http_version.empty()) return out.add('-');
  out.add("HTTP/");
  append_escaped(record.head->http_version, out);
}

void append_request_line(const AccessRecord& record, Line& out) {
  if (record.head->method.empty()) {
    out.add('-');
    return;
  }
  append_escaped(record.head->method, out);
  out.add(' ');
  append_target(record, out);
  out.add(' ');
  append_protocol(record, out);
}

std::string_view step_of(const AccessRecord& record) {
  switch (record.event) {
    case AccessEvent::http:
      return record.head->method;
    case AccessEvent::websocket_connecting:
      return "WSCONNECTING";
    case AccessEvent::websocket_connect:
      return "WSCONNECT";
    case AccessEvent::websocket_reject:
      return "WSREJECT";
    case AccessEvent::websocket_disconnect:
      return "WSDISCONNECT";
  }
  return "";
}

void append_request(const AccessRecord& record, Line& out) {
  if (record.head->method.empty()) {
    out.add('-');
    return;
  }
  append_escaped(step_of(record), out);
  out.add(' ');
  append_target(record, out);
}

void append_decimal_seconds(const AccessRecord& record, Line& out) {
  constexpr int digits = 6;
  const auto microseconds = record.duration.count();
  append_count(microseconds / 1'000'000, out);
  out.add('.');
  char* const fraction = out.room(digits);
  auto rest = microseconds % 1'000'000;
  for (int i = digits; i-- > 0; rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
  out.end(fraction + digits);
}

}  // namespace

std::optional<Atom> find_atom(std::string_view name) {
  for (const Name& known : names) {
    if (known.name == name) return known.atom;
  }
  return std::nullopt;
}

std::string_view nearest_atom(std::string_view name) {
  const auto nearer = [name](const Name& left, const Name& right) {
    return distance(name, left.name) < distance(name, right.name);
  };
  return std::min_element(std::begin(names), std::end(names), nearer)->name;
}

std::string_view event_name(AccessEvent event) {
  switch (event) {
    case AccessEvent::http:
      return "http";
    case AccessEvent::websocket_connecting:
      return "websocket.connecting";
    case AccessEvent::websocket_connect:
      return "websocket.connect";
    case AccessEvent::websocket_reject:
      return "websocket.reject";
    case AccessEvent::websocket_disconnect:
      return "websocket.disconnect";
  }
  return "";
}

std::string_view scheme_of(const AccessRecord& record) {
  const bool tls = record.endpoints && record.endpoints->tls;
  if (record.event == AccessEvent::http) return tls ? "https" : "http";
  return tls ? "wss" : "ws";
}

std::string protocol_of(const AccessRecord& record) {
  return record.head->http_version.empty() ? "" : "HTTP/" + record.head->http_version;
}

TraceContext trace_of(const AccessRecord& record) {
  return trace_context_of(record.head->headers).value_or(TraceContext{});
}

std::string target_of(const AccessRecord& record) {
  if (record.head->query_string.empty()) return record.head->raw_path;
  return record.head->raw_path + "?" + logged_query(record.head->query_string);
}

void append_atom(Atom atom, std::string_view header, const AccessRecord& record,
                 const Timestamp& time, Line& out) {
  const bool is_http = record.event == AccessEvent::http;
  switch (atom) {
    case Atom::literal:
      return;
    case Atom::client_host:
      return append_value(record.endpoints ? record.endpoints->client.host : "", out);
    case Atom::client_address:
      return append_client_address(record, out);
    case Atom::dash:
      out.add('-');
      return;
    case Atom::user:
      return append_user(record, out);
    case Atom::time_in_brackets:
      out.add('[');
      out.add(time.clf_with_zone());
      out.add(']');
      return;
    case Atom::time:
      out.add(time.clf());
      return;
    case Atom::iso_time:
      out.add(time.iso());
      return;
    case Atom::request_line:
      return append_request_line(record, out);
    case Atom::request:
      return append_request(record, out);
    case Atom::method:
      return append_value(record.head->method, out);
    case Atom::path:
      return append_value(record.head->raw_path, out);
    case Atom::query:
      append_escaped(logged_query(record.head->query_string), out);
      return;
    case Atom::target:
      return append_value(target_of(record), out);
    case Atom::protocol:
      return append_protocol(record, out);
    case Atom::status:
      return append_number_or_dash(record.status, out);
    case Atom::http_status:
      return append_number_or_dash(is_http ? record.status : 0, out);
    case Atom::bytes:
      out.add_number(record.response_bytes);
      return;
    case Atom::bytes_or_dash:
      return append_number_or_dash(is_http ? record.response_bytes : 0, out);
    case Atom::referer:
      return append_request_header("referer", record, out);
    case Atom::user_agent:
      return append_request_header("user-agent", record, out);
    case Atom::seconds:
      return append_count(record.duration.count() / 1'000'000, out);
    case Atom::microseconds:
      return append_count(record.duration.count(), out);
    case Atom::milliseconds:
      return append_count(record.duration.count() / 1'000, out);
    case Atom::decimal_seconds:
      return append_decimal_seconds(record, out);
    case Atom::thread_wait:
      return append_count(record.thread_wait.count(), out);
    case Atom::process_id:
      out.add_number(static_cast<std::uint64_t>(::getpid()));
      return;
    case Atom::request_id:
      return append_value(record.head->request_id, out);
    case Atom::trace_id:
      return append_value(trace_of(record).trace_id, out);
    case Atom::span_id:
      return append_value(trace_of(record).span_id, out);
    case Atom::host:
      return append_request_header("host", record, out);
    case Atom::scheme:
      out.add(scheme_of(record));
      return;
    case Atom::event:
      out.add(event_name(record.event));
      return;
    case Atom::close_code:
      return append_number_or_dash(record.close_code, out);
    case Atom::outcome:
      out.add(record.complete ? "complete" : "cut");
      return;
    case Atom::request_header:
      return append_request_header(header, record, out);
    case Atom::response_header:
      return append_response_header(header, record, out);
  }
}

void append_default(const AccessRecord& record, const Timestamp& time, Line& line) {
  const RequestHead& head = *record.head;
  const Address* client = record.endpoints ? &record.endpoints->client : nullptr;
  const bool has_client = client != nullptr && !client->host.empty();
  const std::string query = head.query_string.empty() ? "" : logged_query(head.query_string);
  const std::string_view step = step_of(record);
  const std::size_t escaped =
      (has_client ? client->host.size() : 0) + step.size() + head.raw_path.size() + query.size();
  char* out = line.room(longest_escaped * escaped + 128);
  const auto put = [&out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  if (has_client) {
    out = put_escaped(client->host, out);
    *out++ = ':';
    out = put_number(static_cast<std::uint64_t>(client->port), out);
  } else {
    *out++ = '-';
  }
  put(" - - [");
  put(time.clf());
  put("] \"");
  if (head.method.empty()) {
    *out++ = '-';
  } else {
    out = put_escaped(step, out);
    *out++ = ' ';
    if (head.raw_path.empty()) *out++ = '-';
    out = put_escaped(head.raw_path, out);
    if (!head.query_string.empty()) *out++ = '?';
    out = put_escaped(query, out);
  }
  put("\" ");
  const bool is_http = record.event == AccessEvent::http;
  const auto put_or_dash = [&](std::uint64_t number) {
    if (is_http && number != 0) {
      out = put_number(number, out);
    } else {
      *out++ = '-';
    }
  };
  put_or_dash(record.status);
  *out++ = ' ';
  put_or_dash(record.response_bytes);
  line.end(out);
}

}  // namespace sioserve::access_log
