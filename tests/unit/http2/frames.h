// HTTP/2 frames for tests: written by hand, so that they may be wrong, and read as text.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http2/values.h"

namespace sioserve::http2 {

using FieldTexts = std::vector<std::pair<std::string, std::string>>;

inline std::string big_endian(std::uint32_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    text.push_back(static_cast<char>(number >> shift & 0xff));
  }
  return text;
}

inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
  return big_endian(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + big_endian(stream, 4) + std::string(payload);
}

// A header block of literals (RFC 7541 section 6.2.2), each shorter than 16 KiB.
inline std::string header_block(const FieldTexts& fields) {
  const auto text = [](const std::string& value) {
    if (value.size() < 127) return static_cast<char>(value.size()) + value;
    const std::size_t rest = value.size() - 127;
    std::string length = {'\x7f'};
    length.push_back(static_cast<char>(0x80 | (rest & 0x7f)));
    length.push_back(static_cast<char>(rest >> 7));
    return length + value;
  };
  std::string block;
  for (const auto& [name, value] : fields) block += '\0' + text(name) + text(value);
  return block;
}

inline std::string headers(std::uint32_t stream, const FieldTexts& fields,
                           std::uint8_t flags = flag::end_headers | flag::end_stream) {
  return frame(FrameType::headers, flags, stream, header_block(fields));
}

inline FieldTexts fields_of(const std::string& method, const std::string& path,
                            const FieldTexts& more = {}) {
  FieldTexts fields = {
      {":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "a.example"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

inline std::string get(std::uint32_t stream, const std::string& path = "/",
                       const FieldTexts& more = {}) {
  return headers(stream, fields_of("GET", path, more));
}

// The head of a request with a body.
inline std::string post(std::uint32_t stream, const FieldTexts& more = {}) {
  return headers(stream, fields_of("POST", "/", more), flag::end_headers);
}

inline std::string data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = 0) {
  return frame(FrameType::data, flags, stream, bytes);
}

inline std::string settings(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& entries) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += big_endian(id, 2) + big_endian(value, 4);
  return frame(FrameType::settings, 0, 0, payload);
}

inline std::string reset(std::uint32_t stream, ErrorCode code = ErrorCode::cancel) {
  return frame(FrameType::rst_stream, 0, stream, big_endian(static_cast<std::uint32_t>(code), 4));
}

inline std::string window_update(std::uint32_t stream, std::uint32_t bytes) {
  return frame(FrameType::window_update, 0, stream, big_endian(bytes, 4));
}

inline std::string ping(std::uint8_t flags = 0) {
  return frame(FrameType::ping, flags, 0, "12345678");
}

// What a client sends first.
inline std::string hello() { return std::string(client_preface) + settings({}); }

// Reads a server's frames. SETTINGS and WINDOW_UPDATE of the connection are left out.
class FrameReader {
 public:
  FrameReader() { nghttp2_hd_inflate_new(&inflater_); }
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;
  ~FrameReader() { nghttp2_hd_inflate_del(inflater_); }

  // One text for each frame: "HEADERS 1 :status=200 END", "DATA 1 hello END", "RST_STREAM 1
  // CANCEL".
  std::vector<std::string> read(std::string_view bytes) {
    std::vector<std::string> frames;
    while (!bytes.empty()) {
      if (bytes.size() < 9) throw std::runtime_error("an incomplete frame");
      const std::size_t length = number(bytes.substr(0, 3));
      std::string text =
          read_frame(static_cast<FrameType>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
                     number(bytes.substr(5, 4)), bytes.substr(9, length));
      if (!text.empty()) frames.push_back(std::move(text));
      bytes.remove_prefix(9 + length);
    }
    return frames;
  }

 private:
  static std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }

  static std::string code(std::string_view bytes) {
    return std::string(name_of(static_cast<ErrorCode>(number(bytes))));
  }

  std::string read_frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
    const std::string of_stream = " " + std::to_string(stream);
    const std::string end = (flags & flag::end_stream) != 0 ? " END" : "";
    switch (type) {
      case FrameType::data:
        return "DATA" + of_stream + " " + std::string(payload) + end;
      case FrameType::headers:
        return "HEADERS" + of_stream + inflate(payload) + end;
      case FrameType::rst_stream:
        return "RST_STREAM" + of_stream + " " + code(payload);
      case FrameType::ping:
        return (flags & flag::ack) != 0 ? "PONG" : "PING";
      case FrameType::goaway: {
        const std::uint32_t last = number(payload.substr(0, 4));
        return "GOAWAY " + (last == 0x7fffffff ? std::string("all") : std::to_string(last)) + " " +
               code(payload.substr(4, 4));
      }
      case FrameType::window_update:
        return stream == 0 ? ""
                           : "WINDOW_UPDATE" + of_stream + " " + std::to_string(number(payload));
      case FrameType::settings:
        return "";
      case FrameType::priority:
      case FrameType::push_promise:
      case FrameType::continuation:
        break;
    }
    return "frame of type " + std::to_string(static_cast<int>(type));
  }

  // Without the fields that every response has.
  std::string inflate(std::string_view block) {
    std::string text;
    for (;;) {
      nghttp2_nv field;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags,
                                               reinterpret_cast<const std::uint8_t*>(block.data()),
                                               block.size(), 1);
      if (used < 0) throw std::runtime_error("an invalid header block");
      block.remove_prefix(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        const std::string name(reinterpret_cast<const char*>(field.name), field.namelen);
        const std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
        if (name != "date" && name != "server") text += " " + name + "=" + value;
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return text;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace sioserve::http2
