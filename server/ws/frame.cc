#include "server/ws/frame.h"

namespace sioserve::ws {
namespace {

constexpr unsigned deflated_bit = 0x40;  // RSV1 (RFC 7692 section 6)
constexpr unsigned text_opcode = 0x1;
constexpr unsigned binary_opcode = 0x2;
constexpr char two_byte_size = 126;
constexpr char eight_byte_size = 127;

}  // namespace

FrameHeader::FrameHeader(MessageKind kind, std::uint64_t payload_size, Encoding encoding) {
  bytes_[0] =
      static_cast<char>(final_fragment | (encoding == Encoding::deflated ? deflated_bit : 0) |
                        (kind == MessageKind::text ? text_opcode : binary_opcode));
  if (payload_size < 126) {
    bytes_[1] = static_cast<char>(payload_size);
    return;
  }
  const bool two_bytes = payload_size <= 0xffff;
  bytes_[1] = two_bytes ? two_byte_size : eight_byte_size;
  for (int shift = two_bytes ? 8 : 56; shift >= 0; shift -= 8) {
    bytes_[size_++] = static_cast<char>((payload_size >> shift) & 0xff);
  }
}

}  // namespace sioserve::ws
