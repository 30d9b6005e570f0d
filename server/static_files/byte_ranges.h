// The Range header (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sioserve::static_files {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  bool operator==(const ByteRange&) const = default;
};

struct RangeSelection {
  enum class Kind {
    whole,          // no range, an unknown unit, a malformed or an abusive value
    parts,          // of `ranges`, at least one
    unsatisfiable,  // 416
  };
  Kind kind = Kind::whole;
  std::vector<ByteRange> ranges;
};

// Abusive values have more ranges than any client needs, or ranges that repeat parts of the file: a
// small request must not cause a response that is larger than the file.
RangeSelection select_ranges(std::string_view range, std::uint64_t file_size);

}  // namespace sioserve::static_files
