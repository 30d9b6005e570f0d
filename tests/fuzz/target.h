// The common parts of the fuzz targets. A target is one file that defines fuzz(). It is linked with
// libFuzzer's main (scripts/fuzz), or with replay_main.cc, which runs it with its corpus and is
// part of the normal tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <vector>

namespace sioserve::fuzz {

// Accepts any bytes. Violations are reported with require().
void fuzz(std::string_view input);

// Ends the program with a message, unless `held`.
void require(bool held, std::string_view what,
             std::source_location where = std::source_location::current());

// Pseudo-random numbers that depend only on the input, so that an input always gives the same
// result.
class Chooser {
 public:
  explicit Chooser(std::string_view input);
  // 0 to `bound` - 1.
  std::size_t below(std::size_t bound);

 private:
  std::uint64_t state_;
};

// Possible reads of a socket: everything, byte by byte, and in parts that depend on the input.
using Pieces = std::vector<std::string_view>;
Pieces whole(std::string_view input);
Pieces byte_by_byte(std::string_view input);
Pieces in_pieces(std::string_view input);

// The parts of the input between bytes that never occur in text.
inline constexpr char record_end = '\xff';
Pieces records(std::string_view input);

}  // namespace sioserve::fuzz
