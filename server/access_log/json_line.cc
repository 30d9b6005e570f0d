#include "server/access_log/json_line.h"

#include <optional>
#include <string_view>

#include "server/access_log/atoms.h"
#include "server/access_log/escape.h"

namespace sioserve::access_log {
namespace {

class ObjectWriter {
 public:
  explicit ObjectWriter(Line& out) : out_(out) { out_.add('{'); }

  // An empty text is null.
  void text(std::string_view key, std::string_view value) {
    begin(key);
    if (value.empty()) {
      out_.add("null");
    } else {
      append_json_string(value, out_);
    }
  }
  void number(std::string_view key, std::uint64_t value) {
    begin(key);
    out_.add_number(value);
  }
  // 0 is null.
  void number_or_null(std::string_view key, std::uint64_t value) {
    begin(key);
    if (value == 0) {
      out_.add("null");
    } else {
      out_.add_number(value);
    }
  }
  void boolean(std::string_view key, bool value) {
    begin(key);
    out_.add(value ? std::string_view("true") : std::string_view("false"));
  }
  void end() { out_.add('}'); }

 private:
  void begin(std::string_view key) {
    if (out_.text().back() != '{') out_.add(',');
    out_.add('"');
    out_.add(key);
    out_.add("\":");
  }

  Line& out_;
};

}  // namespace

void append_json_line(const AccessRecord& record, const Timestamp& time, Line& out) {
  const auto header = [&](std::string_view name) {
    return find_header(record.head->headers, name).value_or("");
  };
  ObjectWriter object(out);
  object.text("time", time.iso());
  object.text("event", event_name(record.event));
  object.text("client", record.endpoints ? record.endpoints->client.host : "");
  object.number_or_null(
      "client_port",
      record.endpoints ? static_cast<std::uint64_t>(record.endpoints->client.port) : 0);
  object.text("method", record.head->method);
  object.text("target", target_of(record));
  object.text("protocol", protocol_of(record));
  object.text("scheme", scheme_of(record));
  object.text("host", header("host"));
  object.number_or_null("status", record.status);
  object.number("bytes", record.response_bytes);
  object.number("duration_us", static_cast<std::uint64_t>(record.duration.count()));
  object.number("thread_wait_us", static_cast<std::uint64_t>(record.thread_wait.count()));
  object.boolean("complete", record.complete);
  if (record.event == AccessEvent::websocket_disconnect) {
    object.number("close_code", record.close_code);
  }
  object.text("referer", header("referer"));
  object.text("user_agent", header("user-agent"));
  object.text("request_id", record.head->request_id);
  const TraceContext trace = trace_of(record);
  object.text("trace_id", trace.trace_id);
  object.text("span_id", trace.span_id);
  object.end();
}

}  // namespace sioserve::access_log
