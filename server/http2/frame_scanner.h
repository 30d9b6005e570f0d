// Finds the frames in a client's input before the protocol library gets it (RFC 9113 section 4.1).
// So floods are noticed frame by frame, whatever limits the library has, and the owner knows
// whether a head is being received.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/http2/values.h"

namespace sioserve::http2 {

class FrameScanner {
 public:
  // Calls admit(header) for each frame whose header ends in the input. If it returns false, nothing
  // of this and later frames may be passed on. Returns how many bytes may.
  template <typename Admit>
  std::size_t scan(std::string_view input, Admit admit);

  // Whether a part of a header block has arrived, but not its end.
  bool within_head() const { return block_open_ || (in_block_frame_ && payload_left_ > 0); }

 private:
  static constexpr std::size_t header_size = 9;

  FrameHeader parse() const;
  void begin(const FrameHeader& header);

  std::size_t preface_left_ = client_preface.size();
  std::array<std::uint8_t, header_size> header_{};
  std::size_t header_received_ = 0;
  std::size_t payload_left_ = 0;
  bool in_block_frame_ = false;  // the latest frame is HEADERS or CONTINUATION
  bool block_open_ = false;      // its block goes on in the next frame
};

inline FrameHeader FrameScanner::parse() const {
  const auto byte = [this](std::size_t i) { return std::uint32_t{header_[i]}; };
  const std::uint32_t stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
  return {byte(0) << 16 | byte(1) << 8 | byte(2), static_cast<FrameType>(header_[3]), header_[4],
          stream & 0x7fff'ffff};
}

inline void FrameScanner::begin(const FrameHeader& header) {
  payload_left_ = header.length;
  in_block_frame_ = header.type == FrameType::headers || header.type == FrameType::continuation;
  block_open_ = in_block_frame_ && (header.flags & flag::end_headers) == 0;
}

template <typename Admit>
std::size_t FrameScanner::scan(std::string_view input, Admit admit) {
  const std::size_t size = input.size();
  const std::size_t preface = std::min(preface_left_, size);
  preface_left_ -= preface;
  input.remove_prefix(preface);
  while (!input.empty()) {
    if (payload_left_ > 0) {
      const std::size_t part = std::min(payload_left_, input.size());
      payload_left_ -= part;
      input.remove_prefix(part);
      continue;
    }
    const std::size_t frame = size - input.size();
    const std::size_t part = std::min(header_size - header_received_, input.size());
    std::copy_n(input.begin(), part, header_.begin() + header_received_);
    header_received_ += part;
    input.remove_prefix(part);
    if (header_received_ < header_size) break;
    header_received_ = 0;
    const FrameHeader header = parse();
    if (!admit(header)) return frame;
    begin(header);
  }
  return size;
}

}  // namespace sioserve::http2
