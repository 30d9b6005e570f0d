// What every fuzz target has in common. A target is one file that defines fuzz(); it is linked with
// libFuzzer's main (scripts/fuzz) or with replay_main.cc, which runs it over its corpus and is part
// of the normal tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <vector>

namespace sioserve::fuzz {

// Takes any bytes. Returns if all is well: a violated promise is told by require().
void fuzz(std::string_view input);

// Ends the program, with a line that says what did not hold, unless it held.
void require(bool held, std::string_view what,
             std::source_location where = std::source_location::current());

// Numbers that depend on the input alone, so that an input always does the same.
class Chooser {
 public:
  explicit Chooser(std::string_view input);
  // 0 to `bound` - 1.
  std::size_t below(std::size_t bound);

 private:
  std::uint64_t state_;
};

// How bytes may come out of a socket: at once, one by one, and in pieces that the input decides.
using Pieces = std::vector<std::string_view>;
Pieces whole(std::string_view input);
Pieces byte_by_byte(std::string_view input);
Pieces in_pieces(std::string_view input);

// The input's parts between bytes that no text contains.
inline constexpr char record_end = '\xff';
Pieces records(std::string_view input);

}  // namespace sioserve::fuzz
