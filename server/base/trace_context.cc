#include "server/base/trace_context.h"

#include <algorithm>
#include <cstddef>

namespace sioserve {
namespace {

// "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
constexpr std::size_t trace_at = 3;
constexpr std::size_t trace_size = 32;
constexpr std::size_t span_at = trace_at + trace_size + 1;
constexpr std::size_t span_size = 16;
constexpr std::size_t flags_at = span_at + span_size + 1;
constexpr std::size_t size = flags_at + 2;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

std::optional<TraceContext> parse(std::string_view value) {
  if (value.size() < size) return std::nullopt;
  const std::string_view version = value.substr(0, 2);
  const bool is_first_version = version == "00";
  if (!is_hex(version) || version == "ff") return std::nullopt;
  if (value.size() > size && (is_first_version || value[size] != '-')) return std::nullopt;
  if (value[2] != '-' || value[span_at - 1] != '-' || value[flags_at - 1] != '-') {
    return std::nullopt;
  }
  const TraceContext found{value.substr(trace_at, trace_size), value.substr(span_at, span_size)};
  if (!is_hex(found.trace_id) || !is_hex(found.span_id) || !is_hex(value.substr(flags_at, 2))) {
    return std::nullopt;
  }
  if (is_zero(found.trace_id) || is_zero(found.span_id)) return std::nullopt;
  return found;
}

}  // namespace

std::optional<TraceContext> trace_context_of(const HeaderBlock& headers) {
  std::optional<std::string_view> value;
  for (const HeaderView& header : headers) {
    if (header.name != "traceparent") continue;
    if (value) return std::nullopt;  // there must be only one
    value = header.value;
  }
  return value ? parse(*value) : std::nullopt;
}

}  // namespace sioserve
