#include "server/static_files/byte_ranges.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>
#include <system_error>

#include "server/base/field_syntax.h"

namespace sioserve::static_files {
namespace {

constexpr std::size_t max_ranges = 16;

// Digits only. A number above 64 bits becomes the largest one: no file is that long.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

struct Spec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // without `first`: the number of bytes at the end
};

std::optional<Spec> parse_spec(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view before = trim(text.substr(0, dash));
  const std::string_view after = trim(text.substr(dash + 1));
  const Spec spec{parse_number(before), parse_number(after)};
  if (!spec.first && (!before.empty() || !spec.last)) return std::nullopt;
  if (!spec.last && !after.empty()) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

// Nullopt: unsatisfiable.
std::optional<ByteRange> apply(const Spec& spec, std::uint64_t file_size) {
  if (!spec.first) {
    const std::uint64_t size = std::min(*spec.last, file_size);
    if (size == 0) return std::nullopt;
    return ByteRange{file_size - size, size};
  }
  if (*spec.first >= file_size) return std::nullopt;
  const std::uint64_t last = std::min(spec.last.value_or(file_size - 1), file_size - 1);
  return ByteRange{*spec.first, last - *spec.first + 1};
}

}  // namespace

RangeSelection select_ranges(std::string_view range, std::uint64_t file_size) {
  constexpr std::string_view unit = "bytes=";
  range = trim(range);
  if (!equals_ignoring_case(range.substr(0, unit.size()), unit)) return {};
  const auto specs = split_list(range.substr(unit.size()));
  if (specs.empty() || specs.size() > max_ranges) return {};
  std::vector<ByteRange> ranges;
  std::uint64_t total = 0;
  for (const std::string_view text : specs) {
    const auto spec = parse_spec(text);
    if (!spec) return {};
    if (const auto part = apply(*spec, file_size)) {
      total += part->size;
      ranges.push_back(*part);
    }
  }
  if (ranges.empty()) return {RangeSelection::Kind::unsatisfiable, {}};
  if (total > file_size) return {};
  return {RangeSelection::Kind::parts, std::move(ranges)};
}

}  // namespace sioserve::static_files
