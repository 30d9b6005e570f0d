// Reads MessagePack from an untrusted peer, in the dialect of npm's notepack.io, which the clients
// of socket.io-msgpack-parser use.
//
// A recursive descent. The JSON library is not used: it does not distinguish extensions of a fixed
// length from those with a length field, which notepack.io uses for different values (a fixed
// extension of eight bytes is a Date, one with a length field is an ArrayBuffer of eight bytes),
// and it accepts strings that are not UTF-8.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/utf8.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/iso_date.h"
#include "socketio/parser/reader_traits.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::parser {

// Calls a handler for each value, as JsonReader does; the handler also has binary(string_view).
// Fails with bad_msgpack, with too_deep if arrays and maps are nested deeper than `max_depth`, or
// with too_many_values or too_many_attachments if they exceed `budget`.
//
// Values that JSON does not have are converted as by JSON.stringify, so that handlers get the same
// with both parsers: NaN and infinities are null, undefined is null in an array and absent in a
// map, a Date is a string. Keys are strings. An extension with a type above 0 becomes an array of
// its type and its bytes.
template <typename Handler>
class MsgpackReader {
 public:
  // Each level needs a stack frame. One more level than in JSON, for the map around a packet.
  static constexpr std::size_t deepest = 1025;

  MsgpackReader(std::string_view bytes, std::size_t max_depth, ValueBudget& budget,
                Handler& handler)
      : rest_(bytes),
        max_depth_(std::min(max_depth, deepest)),
        budget_(budget),
        handler_(handler) {}

  // Reads one value, and nothing after it. False after an error, as for each function here.
  bool read_message() { return read_value(0) && rest_.empty(); }

  DecodeError error() const { return error_; }

  // --- for reading the members of the outermost map one by one ---

  std::string_view rest() const { return rest_; }

  // False: the next value is not a map; this is not an error.
  bool at_map() const {
    if (rest_.empty()) return false;
    const auto head = static_cast<unsigned char>(rest_.front());
    return (head >= 0x80 && head <= 0x8f) || head == 0xde || head == 0xdf;
  }

  // If at_map(): reads the head of the map, without a call of the handler.
  bool read_map_head(std::uint64_t& length) {
    std::uint64_t head = 0;
    if (!spend(ValueBudget::value) || !take_number(1, head)) return false;
    length = head & 0x0f;
    return (head <= 0x8f || take_number(head == 0xde ? 2 : 4, length)) && open_map(length, 0);
  }

  bool read_member_key(std::string_view& key) {
    return spend(ValueBudget::member) && read_key(key);
  }

  // True: the next value was undefined, and has been read.
  bool skip_undefined() {
    if (rest_.size() < 3 || !rest_.starts_with("\xd4") || rest_[1] != '\0') return false;
    rest_.remove_prefix(3);
    return true;
  }

  // `depth`: the number of arrays and maps around the value.
  bool read_value(std::size_t depth) {
    std::uint64_t head = 0;
    if (!spend(ValueBudget::value) || !take_number(1, head)) return false;
    if (head <= 0x7f) return handler_.integer(head);
    if (head <= 0x8f) return read_map(head & 0x0f, depth);
    if (head <= 0x9f) return read_array(head & 0x0f, depth);
    if (head <= 0xbf) return read_string(head & 0x1f);
    if (head >= 0xe0) return tell_signed(static_cast<std::int8_t>(head));
    if (head >= 0xd4 && head <= 0xd8) return read_fixed_extension(1U << (head - 0xd4));
    switch (head) {
      case 0xc0:
        return handler_.null();
      case 0xc2:
        return handler_.boolean(false);
      case 0xc3:
        return handler_.boolean(true);
      case 0xca:
      case 0xcb:
        return read_float(head == 0xca ? 4 : 8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return read_unsigned(std::size_t{1} << (head - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return read_signed(std::size_t{1} << (head - 0xd0));
      default:
        return read_counted(head, depth);
    }
  }

 private:
  bool take(std::uint64_t size, std::string_view& bytes) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  // A number of `width` bytes, in big-endian order.
  bool take_number(std::size_t width, std::uint64_t& number) {
    std::string_view bytes;
    if (!take(width, bytes)) return false;
    number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return true;
  }

  // A value with a length field.
  bool read_counted(std::uint64_t head, std::size_t depth) {
    std::uint64_t length = 0;
    if (head >= 0xc4 && head <= 0xc6) {
      std::string_view bytes;
      return take_number(std::size_t{1} << (head - 0xc4), length) && take(length, bytes) &&
             tell_binary(bytes);
    }
    if (head >= 0xc7 && head <= 0xc9) {
      return take_number(std::size_t{1} << (head - 0xc7), length) && read_counted_extension(length);
    }
    if (head >= 0xd9 && head <= 0xdb) {
      return take_number(std::size_t{1} << (head - 0xd9), length) && read_string(length);
    }
    if (head == 0xdc || head == 0xdd) {
      return take_number(head == 0xdc ? 2 : 4, length) && read_array(length, depth);
    }
    if (head == 0xde || head == 0xdf) {
      return take_number(head == 0xde ? 2 : 4, length) && read_map(length, depth);
    }
    return false;  // 0xc1, which MessagePack does not use
  }

  // Non-negative numbers are always passed as unsigned, however they were encoded.
  bool tell_signed(std::int64_t number) {
    return number < 0 ? handler_.integer(number)
                      : handler_.integer(static_cast<std::uint64_t>(number));
  }

  bool read_unsigned(std::size_t width) {
    std::uint64_t number = 0;
    return take_number(width, number) && handler_.integer(number);
  }

  bool read_signed(std::size_t width) {
    std::uint64_t number = 0;
    if (!take_number(width, number)) return false;
    const std::size_t unused = 64 - 8 * width;
    return tell_signed(static_cast<std::int64_t>(number << unused) >> unused);
  }

  bool read_float(std::size_t width) {
    std::uint64_t bits = 0;
    if (!take_number(width, bits)) return false;
    const double number = width == 4
                              ? double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))}
                              : std::bit_cast<double>(bits);
    return std::isfinite(number) ? handler_.real(number) : handler_.null();
  }

  bool read_text(std::uint64_t length, std::string_view& text) {
    return take(length, text) && (checks_utf8<Handler> || is_utf8(text));
  }

  bool read_string(std::uint64_t length) {
    std::string_view text;
    return spend(ValueBudget::text) && read_text(length, text) && handler_.string(text);
  }

  bool read_key(std::string_view& key) {
    std::uint64_t head = 0;
    if (!take_number(1, head)) return false;
    std::uint64_t length = head & 0x1f;
    if (head >= 0xd9 && head <= 0xdb) {
      if (!take_number(std::size_t{1} << (head - 0xd9), length)) return false;
    } else if (head < 0xa0 || head > 0xbf) {
      return false;
    }
    return read_text(length, key);
  }

  bool spend(std::size_t memory) {
    if (budget_.take(memory)) return true;
    error_ = DecodeError::too_many_values;
    return false;
  }

  bool enter(std::size_t depth) {
    if (depth < max_depth_) return true;
    error_ = DecodeError::too_deep;
    return false;
  }

  bool read_array(std::uint64_t length, std::size_t depth) {
    // Each element takes at least one byte.
    if (!spend(ValueBudget::array) || !enter(depth) || length > rest_.size()) return false;
    if (!handler_.begin_array()) return false;
    for (; length > 0; --length) {
      const bool read =
          skip_undefined() ? spend(ValueBudget::value) && handler_.null() : read_value(depth + 1);
      if (!read) return false;
    }
    return handler_.end_array();
  }

  bool open_map(std::uint64_t length, std::size_t depth) {
    return spend(ValueBudget::object) && enter(depth) && length <= rest_.size() / 2;
  }

  bool read_map(std::uint64_t length, std::size_t depth) {
    if (!open_map(length, depth) || !handler_.begin_object()) return false;
    for (; length > 0; --length) {
      std::string_view key;
      if (!read_member_key(key)) return false;
      if (skip_undefined()) {
        if (!spend(ValueBudget::value)) return false;
      } else if (!handler_.key(key) || !read_value(depth + 1)) {
        return false;
      }
    }
    return handler_.end_object();
  }

  bool read_fixed_extension(std::size_t size) {
    std::uint64_t type = 0;
    if (!take_number(1, type)) return false;
    if (type == 0 && size == 8) {
      std::uint64_t time = 0;
      if (!take_number(8, time)) return false;
      const auto date = iso_date(static_cast<std::int64_t>(time));
      return date ? handler_.string(*date) : handler_.null();
    }
    // JavaScript's undefined, which is allowed only in arrays and maps.
    if (type == 0 && size == 1) return false;
    std::string_view bytes;
    return take(size, bytes) && tell_extension(type, bytes);
  }

  bool read_counted_extension(std::uint64_t length) {
    std::uint64_t type = 0;
    std::string_view bytes;
    if (!take_number(1, type) || !take(length, bytes)) return false;
    if (type == 0) return tell_binary(bytes);  // an ArrayBuffer
    return tell_extension(type, bytes);
  }

  bool tell_binary(std::string_view bytes) {
    if (!budget_.take_binary()) {
      error_ = DecodeError::too_many_attachments;
      return false;
    }
    return spend(ValueBudget::text) && handler_.binary(bytes);
  }

  bool tell_extension(std::uint64_t type, std::string_view bytes) {
    constexpr std::uint64_t timestamp = 0xff;  // -1
    if constexpr (requires(bool added) { handler_.timestamp(bytes, added); }) {
      bool added = false;
      if (type == timestamp && handler_.timestamp(bytes, added)) return added;
    }
    return spend(ValueBudget::array) && handler_.begin_array() &&
           tell_signed(static_cast<std::int8_t>(type)) && tell_binary(bytes) &&
           handler_.end_array();
  }

  std::string_view rest_;
  std::size_t max_depth_;
  ValueBudget& budget_;
  Handler& handler_;
  DecodeError error_ = DecodeError::bad_msgpack;
};

}  // namespace sioserve::parser
