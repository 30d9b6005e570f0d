// Frame headers of a server (RFC 6455 section 5.2): unmasked, one frame per message. The payload
// follows unchanged, so many connections can send the same buffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/bytes.h"

namespace sioserve::ws {

// In the first byte: FIN, which every frame of ours has.
inline constexpr unsigned final_fragment = 0x80;

enum class Encoding { plain, deflated };

class FrameHeader {
 public:
  FrameHeader(MessageKind kind, std::uint64_t payload_size, Encoding encoding = Encoding::plain);

  std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 10> bytes_{};
  std::size_t size_ = 2;
};

}  // namespace sioserve::ws
