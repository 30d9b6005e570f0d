#include "server/base/header_block.h"

#include <array>

namespace sioserve {
namespace {

constexpr std::array<char, 256> lower_case_table() {
  std::array<char, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = static_cast<char>(byte);
  for (char c = 'A'; c <= 'Z'; ++c) {
    table[static_cast<unsigned char>(c)] = static_cast<char>(c | 0x20);
  }
  return table;
}

constexpr std::array<char, 256> lower_case = lower_case_table();

}  // namespace

void HeaderBlock::append_to_name(std::string_view part) {
  Sizes sizes = last_sizes();
  sizes.name += size_of(part);
  char* to = extend(part.size());
  write_sizes(sizes);
  for (const char c : part) *to++ = lower_case[static_cast<unsigned char>(c)];
}

void HeaderBlock::append_to_value(std::string_view part) {
  Sizes sizes = last_sizes();
  sizes.value += size_of(part);
  char* const to = extend(part.size());
  write_sizes(sizes);
  part.copy(to, part.size());
}

void HeaderBlock::trim_value() {
  Sizes sizes = last_sizes();
  const std::uint32_t received = sizes.value;
  const auto is_white = [](char c) { return c == ' ' || c == '\t'; };
  for (; sizes.value > 0 && is_white(buffer_[size_ - 1]); --size_) --sizes.value;
  if (sizes.value < received) write_sizes(sizes);
}

}  // namespace sioserve
