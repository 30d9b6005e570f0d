#include "server/access_log/format.h"

#include <algorithm>
#include <optional>

#include "server/base/field_syntax.h"

namespace sioserve::access_log {
namespace {

std::string quoted(std::string_view name) { return "\"%(" + std::string(name) + ")s\""; }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

}  // namespace

Result<Format, std::string> Format::compile(std::string_view text) {
  const std::string_view format_text = text;
  Format format;
  while (!text.empty()) {
    const std::size_t sign = text.find('%');
    format.add_literal(text.substr(0, sign));
    if (sign == std::string_view::npos) break;
    text.remove_prefix(sign + 1);
    if (text.starts_with('%')) {
      format.add_literal("%");
      text.remove_prefix(1);
      continue;
    }
    const std::size_t end = text.find(')');
    if (!text.starts_with('(') || end == std::string_view::npos) {
      return Failure{
          std::string("the access log format has a \"%\" that begins no atom such as "
                      "\"%(h)s\"; write \"%%\" for a percent sign")};
    }
    const std::string_view name = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.starts_with('s')) {
      return Failure{"the access log format needs an \"s\" after \"%(" + std::string(name) +
                     ")\": " + quoted(name)};
    }
    text.remove_prefix(1);
    if (const auto atom = find_atom(name)) {
      format.segments_.push_back({*atom, ""});
    } else if (name.starts_with('{') && (name.ends_with("}i") || name.ends_with("}o"))) {
      const std::string_view header = name.substr(1, name.size() - 3);
      if (!is_token(header)) {
        return Failure{"the access log format has an invalid header name: " + quoted(name)};
      }
      const bool of_response = name.ends_with('o');
      format.wants_response_headers_ |= of_response;
      format.segments_.push_back(
          {of_response ? Atom::response_header : Atom::request_header, lower_case(header)});
    } else {
      return Failure{"the access log format has an unknown atom " + quoted(name) +
                     "; did you mean " + quoted(nearest_atom(name)) + "?"};
    }
  }
  format.is_default_ = format_text == default_format;
  return format;
}

void Format::add_literal(std::string_view text) {
  if (text.empty()) return;
  if (segments_.empty() || segments_.back().atom != Atom::literal) {
    segments_.push_back({Atom::literal, ""});
  }
  segments_.back().text += text;
}

void Format::append(const AccessRecord& record, const Timestamp& time, Line& out) const {
  if (is_default_) return append_default(record, time, out);
  for (const Segment& segment : segments_) {
    if (segment.atom == Atom::literal) {
      out.add(segment.text);
    } else {
      append_atom(segment.atom, segment.text, record, time, out);
    }
  }
}

}  // namespace sioserve::access_log
