#include "socketio/engine/framing_jsonp.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "server/base/http_values.h"
#include "server/base/json.h"

namespace sioserve::engine {
namespace {

// Browsers change a line feed in a form to CR LF, so clients send a backslash and "n" for a line
// feed, and two backslashes and "n" for an escaped line feed in the body's JSON.
std::string restore_line_feeds(std::string_view text) {
  constexpr std::string_view line_feed = "\\n";
  constexpr std::string_view escaped = "\\\\n";
  std::string restored;
  restored.reserve(text.size());
  while (!text.empty()) {
    if (text.starts_with(escaped)) {
      restored += line_feed;
      text.remove_prefix(escaped.size());
    } else if (text.starts_with(line_feed)) {
      restored += '\n';
      text.remove_prefix(line_feed.size());
    } else {
      restored += text.front();
      text.remove_prefix(1);
    }
  }
  return restored;
}

// The JavaScript literal of the string. JSON allows U+2028 and U+2029 in strings, but JavaScript
// before ES2019 does not.
std::string string_literal(std::string text) {
  constexpr std::string_view separators = "\xe2\x80";  // the first two bytes of U+2028 and U+2029
  const std::string json =
      Json(std::move(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string literal;
  literal.reserve(json.size());
  std::size_t copied = 0;
  for (std::size_t at = 0; (at = json.find(separators, at)) != std::string::npos;) {
    const char last = json[at + separators.size()];
    if (last == '\xa8' || last == '\xa9') {
      literal.append(json, copied, at - copied);
      literal += last == '\xa8' ? "\\u2028" : "\\u2029";
      copied = at + separators.size() + 1;
    }
    at += separators.size();
  }
  literal.append(json, copied);
  return literal;
}

// For a form without the field "d".
class EmptySource final : public PacketSource {
 public:
  bool at_end() const override { return true; }
  std::optional<Received> next() override { return std::nullopt; }
};

class FramingJsonp final : public Framing {
 public:
  FramingJsonp(const Framing& inner, std::string callback)
      : inner_(inner), callback_(std::move(callback)) {}

  Protocol protocol() const override { return inner_.protocol(); }

  bool takes_body(MessageKind kind) const override { return inner_.takes_body(kind); }

  std::unique_ptr<PacketSource> read_body(MessageKind, std::string form) const override {
    const auto data = find_query_parameter(form, "d");
    if (!data) return std::make_unique<EmptySource>();
    return inner_.read_body(MessageKind::text, restore_line_feeds(*data));
  }

  Payload write_body(std::span<const Message> messages) const override {
    Payload body = inner_.write_body(messages);
    assert(body.kind == MessageKind::text);
    std::string script = "___eio[" + callback_ + "](";
    script += string_literal(std::move(body.bytes));
    script += ");";
    return {MessageKind::text, std::move(script), Wrapping::script};
  }

  std::optional<Received> read_websocket(MessageKind kind, std::string message) const override {
    return inner_.read_websocket(kind, std::move(message));
  }

  Message write_websocket(Message message) const override {
    return inner_.write_websocket(std::move(message));
  }

 private:
  const Framing& inner_;
  const std::string callback_;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::unique_ptr<const Framing> make_jsonp_framing(const Framing& inner, std::string_view callback) {
  std::string digits;
  std::copy_if(callback.begin(), callback.end(), std::back_inserter(digits), is_digit);
  return std::make_unique<FramingJsonp>(inner, std::move(digits));
}

}  // namespace sioserve::engine
