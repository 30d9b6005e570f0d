#include "server/ws/whole_frame.h"

#include <algorithm>
#include <cstring>

#include "server/ws/frame.h"

namespace sioserve::ws {
namespace {

constexpr unsigned text = final_fragment | 0x1;
constexpr unsigned binary = final_fragment | 0x2;
constexpr unsigned masked = 0x80;
// In the second byte: the size follows in two or eight bytes.
constexpr unsigned size_in_2_bytes = masked | 126;
constexpr unsigned size_in_8_bytes = masked | 127;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

std::optional<WholeFrame> WholeFrame::at(std::string_view input) {
  if (input.size() < 2) return std::nullopt;
  const unsigned first = static_cast<unsigned char>(input[0]);
  const unsigned second = static_cast<unsigned char>(input[1]);
  if (first != text && first != binary) return std::nullopt;
  if ((second & masked) == 0) return std::nullopt;
  std::size_t size_bytes = 0;
  std::uint64_t smallest = 0;  // of this form
  if (second == size_in_2_bytes) {
    size_bytes = 2;
    smallest = 126;
  } else if (second == size_in_8_bytes) {
    size_bytes = 8;
    smallest = 65'536;
  }
  WholeFrame frame;
  const std::size_t header = 2 + size_bytes + frame.mask_.size();
  if (input.size() < header) return std::nullopt;
  frame.kind_ = first == text ? MessageKind::text : MessageKind::binary;
  frame.header_size_ = static_cast<std::uint8_t>(header);
  frame.left_ = size_bytes == 0 ? second & ~masked : big_endian(input.substr(2, size_bytes));
  if (frame.left_ < smallest || frame.left_ >> 63 != 0) return std::nullopt;
  std::memcpy(frame.mask_.data(), input.data() + 2 + size_bytes, frame.mask_.size());
  return frame;
}

std::size_t WholeFrame::add(std::string_view input, std::string& payload) {
  input = input.substr(0, skip(input));
  const std::size_t before = payload.size();
  payload.append(input);
  char* const begin = payload.data() + before;
  std::array<char, 8> mask;
  std::memcpy(mask.data(), mask_.data(), 4);
  std::memcpy(mask.data() + 4, mask_.data(), 4);
  std::uint64_t word_mask;
  std::memcpy(&word_mask, mask.data(), mask.size());
  std::size_t i = 0;
  // The compiler has vector instructions for a block.
  std::array<std::uint64_t, 8> block;
  for (; i + sizeof block <= input.size(); i += sizeof block) {
    std::memcpy(block.data(), begin + i, sizeof block);
    for (std::uint64_t& word : block) word ^= word_mask;
    std::memcpy(begin + i, block.data(), sizeof block);
  }
  for (; i + sizeof word_mask <= input.size(); i += sizeof word_mask) {
    std::uint64_t word;
    std::memcpy(&word, begin + i, sizeof word);
    word ^= word_mask;
    std::memcpy(begin + i, &word, sizeof word);
  }
  for (; i < input.size(); ++i) begin[i] = static_cast<char>(begin[i] ^ mask[i % 8]);
  for (std::size_t k = 0; k < mask_.size(); ++k) mask_[k] = mask[(input.size() + k) % 4];
  return input.size();
}

std::size_t WholeFrame::skip(std::string_view input) {
  const std::size_t size = std::min<std::uint64_t>(left_, input.size());
  left_ -= size;
  return size;
}

}  // namespace sioserve::ws
