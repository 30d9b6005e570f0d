#include "tests/fuzz/target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sioserve::fuzz {

void require(bool held, std::string_view what, std::source_location where) {
  if (held) return;
  std::fprintf(stderr, "%s:%u: does not hold: %.*s\n", where.file_name(),
               static_cast<unsigned>(where.line()), static_cast<int>(what.size()), what.data());
  std::abort();
}

// xorshift64, seeded with the FNV-1a hash of the input.
Chooser::Chooser(std::string_view input) : state_(0xcbf29ce484222325) {
  for (const char c : input) {
    state_ ^= static_cast<unsigned char>(c);
    state_ *= 0x100000001b3;
  }
  state_ |= 1;
}

std::size_t Chooser::below(std::size_t bound) {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return static_cast<std::size_t>(state_ % bound);
}

Pieces whole(std::string_view input) { return {input}; }

Pieces byte_by_byte(std::string_view input) {
  Pieces pieces;
  for (std::size_t i = 0; i < input.size(); ++i) pieces.push_back(input.substr(i, 1));
  return pieces;
}

Pieces in_pieces(std::string_view input) {
  Chooser chooser(input);
  const std::size_t longest = chooser.below(2) == 0 ? 8 : 200;
  Pieces pieces;
  while (!input.empty()) {
    const std::size_t size = std::min(input.size(), 1 + chooser.below(longest));
    pieces.push_back(input.substr(0, size));
    input.remove_prefix(size);
  }
  return pieces;
}

Pieces records(std::string_view input) {
  Pieces parts;
  while (!input.empty()) {
    const std::size_t size = std::min(input.find(record_end), input.size());
    parts.push_back(input.substr(0, size));
    input.remove_prefix(std::min(size + 1, input.size()));
  }
  return parts;
}

}  // namespace sioserve::fuzz
