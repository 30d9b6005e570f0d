#include "socketio/cluster/msgpack_writer.h"

#include <limits>

namespace sioserve::socketio::cluster {
namespace {

template <typename Number>
bool fits(std::uint64_t number) {
  return number <= std::numeric_limits<Number>::max();
}

}  // namespace

void MsgpackWriter::text(std::string_view text) {
  if (text.size() < 32) {
    byte(0xa0 | text.size());
  } else if (fits<std::uint8_t>(text.size())) {
    byte(0xd9);
    big_endian(text.size(), 1);
  } else if (fits<std::uint16_t>(text.size())) {
    byte(0xda);
    big_endian(text.size(), 2);
  } else {
    byte(0xdb);
    big_endian(text.size(), 4);
  }
  bytes_ += text;
}

void MsgpackWriter::number(std::uint64_t number) {
  if (number < 128) {
    byte(number);
  } else if (fits<std::uint8_t>(number)) {
    byte(0xcc);
    big_endian(number, 1);
  } else if (fits<std::uint16_t>(number)) {
    byte(0xcd);
    big_endian(number, 2);
  } else if (fits<std::uint32_t>(number)) {
    byte(0xce);
    big_endian(number, 4);
  } else {
    byte(0xcf);
    big_endian(number, 8);
  }
}

void MsgpackWriter::big_endian(std::uint64_t number, std::size_t size) {
  for (std::size_t i = size; i > 0; --i) byte((number >> (8 * (i - 1))) & 0xff);
}

}  // namespace sioserve::socketio::cluster
