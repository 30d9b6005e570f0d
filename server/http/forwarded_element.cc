#include "server/http/forwarded_element.h"

#include <utility>

#include "server/base/field_syntax.h"

namespace sioserve::http {
namespace {

void skip_spaces(std::string_view& rest) {
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
}

bool take(char wanted, std::string_view& rest) {
  if (rest.empty() || rest[0] != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

std::string_view take_until(std::string_view ends, std::string_view& rest) {
  const std::string_view taken = rest.substr(0, rest.find_first_of(ends));
  rest.remove_prefix(taken.size());
  return taken;
}

// Call it after the opening quote.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string text;
  while (!rest.empty()) {
    char c = rest[0];
    rest.remove_prefix(1);
    if (c == '"') return text;
    if (c == '\\') {
      if (rest.empty()) return std::nullopt;
      c = rest[0];
      rest.remove_prefix(1);
    }
    text += c;
  }
  return std::nullopt;
}

// Some proxies write addresses with colons and brackets without the required quotes.
std::optional<std::string> take_value(std::string_view& rest) {
  if (take('"', rest)) return take_quoted(rest);
  const std::string_view value = trim(take_until(";,\"", rest));
  if (value.find_first_of(" \t=") != std::string_view::npos) return std::nullopt;
  return std::string(value);
}

bool take_pair(std::string_view& rest, ForwardedElement& element) {
  const std::string_view name = take_until("=;,\" \t", rest);
  if (!is_token(name) || !take('=', rest)) return false;
  auto value = take_value(rest);
  if (!value) return false;
  std::string* const target = equals_ignoring_case(name, "for")     ? &element.node
                              : equals_ignoring_case(name, "proto") ? &element.proto
                              : equals_ignoring_case(name, "host")  ? &element.host
                                                                    : nullptr;
  // A parameter may occur only once.
  if (target != nullptr && !std::exchange(*target, std::move(*value)).empty()) return false;
  skip_spaces(rest);
  return rest.empty() || rest[0] == ';' || rest[0] == ',';
}

}  // namespace

std::optional<std::vector<ForwardedElement>> parse_forwarded(std::string_view value) {
  std::vector<ForwardedElement> elements;
  ForwardedElement element;
  bool any_pair = false;
  std::string_view rest = value;
  for (;;) {
    skip_spaces(rest);
    const bool at_end = rest.empty();
    if (at_end || take(',', rest)) {
      if (any_pair) elements.push_back(std::exchange(element, {}));
      any_pair = false;
      if (at_end) return elements;
    } else if (!take(';', rest)) {
      if (!take_pair(rest, element)) return std::nullopt;
      any_pair = true;
    }
  }
}

}  // namespace sioserve::http
