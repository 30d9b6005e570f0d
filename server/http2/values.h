// The numbers of HTTP/2 (RFC 9113).
#pragma once

#include <cstdint>
#include <string_view>

namespace sioserve::http2 {

// Section 5.1.1. Of clients: odd numbers.
enum class StreamId : std::int32_t {};

// Section 7. A peer may send any other number.
enum class ErrorCode : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

// As in section 7: "PROTOCOL_ERROR". For the log.
std::string_view name_of(ErrorCode code);

// Section 6. A peer may send any other number.
enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
};

namespace flag {
inline constexpr std::uint8_t ack = 0x1;  // of SETTINGS and PING
inline constexpr std::uint8_t end_stream = 0x1;
inline constexpr std::uint8_t end_headers = 0x4;
}  // namespace flag

struct FrameHeader {
  std::uint32_t length;  // of the payload
  FrameType type;
  std::uint8_t flags;
  std::uint32_t stream = 0;
};

// What a client sends first (section 3.4).
inline constexpr std::string_view client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

}  // namespace sioserve::http2
