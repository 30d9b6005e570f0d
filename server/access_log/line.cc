#include "server/access_log/line.h"

#include <array>
#include <charconv>

namespace sioserve::access_log {
namespace {

constexpr std::array<char, 200> pairs = [] {
  std::array<char, 200> pairs_of_digits{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs_of_digits[2 * i] = static_cast<char>('0' + i / 10);
    pairs_of_digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs_of_digits;
}();

char* put_pair(std::uint32_t number, char* out) {
  std::memcpy(out, pairs.data() + std::size_t{2} * number, 2);
  return out + 2;
}

char* put_four(std::uint32_t number, char* out) {
  return put_pair(number % 100, put_pair(number / 100, out));
}

}  // namespace

// Most numbers of a line are short: ports, statuses, sizes.
char* put_number(std::uint64_t number, char* out) {
  if (number >= 100'000) return std::to_chars(out, out + longest_number, number).ptr;
  const auto small = static_cast<std::uint32_t>(number);
  if (small < 10) {
    *out = static_cast<char>('0' + small);
    return out + 1;
  }
  if (small < 100) return put_pair(small, out);
  if (small < 1'000) {
    *out = static_cast<char>('0' + small / 100);
    return put_pair(small % 100, out + 1);
  }
  if (small < 10'000) return put_four(small, out);
  *out = static_cast<char>('0' + small / 10'000);
  return put_four(small % 10'000, out + 1);
}

}  // namespace sioserve::access_log
