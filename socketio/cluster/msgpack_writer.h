// Writes MessagePack without building a tree of values first, for messages that are written often.
// The forms are the shortest ones, as the packages of Node write them.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "server/base/json.h"

namespace sioserve::socketio::cluster {

class MsgpackWriter {
 public:
  // `size` elements, or pairs of a name and a value, follow. Below 16.
  void begin_array(std::size_t size) { begin(0x90, size); }
  void begin_map(std::size_t size) { begin(0x80, size); }
  void text(std::string_view text);
  void number(std::uint64_t number);
  void value(const Json& value) { Json::to_msgpack(value, bytes_); }

  std::string take() { return std::move(bytes_); }

 private:
  void begin(unsigned form, std::size_t size) {
    assert(size < 16);
    byte(form | size);
  }
  void byte(std::size_t byte) { bytes_.push_back(static_cast<char>(byte)); }
  void big_endian(std::uint64_t number, std::size_t size);

  std::string bytes_;
};

}  // namespace sioserve::socketio::cluster
