// A recursive descent, written out: the JSON library does not tell extensions of a fixed length
// from those of a counted one, which notepack.io uses for different things (a fixed extension of
// eight bytes is a Date, a counted one eight bytes of an ArrayBuffer), and takes strings that are
// not UTF-8. Called by the decoder only.
#include "socketio/parser/msgpack_reader.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "server/base/utf8.h"

namespace sioserve::parser {
namespace {

using json = Json;

// Each level takes a frame of the stack, here and in others that walk the value.
constexpr std::size_t deepest = 1025;

json binary(std::string_view bytes) {
  return json::binary(json::binary_t::container_type(bytes.begin(), bytes.end()));
}

// As JavaScript's Date.prototype.toJSON; null for a time that no Date can have.
json iso_date(std::int64_t milliseconds) {
  constexpr std::int64_t range = 8'640'000'000'000'000;
  if (milliseconds < -range || milliseconds > range) return nullptr;
  constexpr std::int64_t per_day = 86'400'000;
  const std::int64_t day = milliseconds / per_day - (milliseconds % per_day < 0 ? 1 : 0);
  const auto rest = static_cast<int>(milliseconds - day * per_day);
  // std::chrono's years end at 32,767: a whole number of Gregorian cycles is taken out.
  constexpr std::int64_t cycle_days = 146'097;
  const std::int64_t cycle = day / cycle_days - (day % cycle_days < 0 ? 1 : 0);
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{day - cycle * cycle_days}}};
  const auto year = static_cast<int>(int{date.year()} + cycle * 400);
  char text[48];
  std::snprintf(text, sizeof text,
                year >= 0 && year <= 9999 ? "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ"
                                          : "%+07d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                year, unsigned{date.month()}, unsigned{date.day()}, rest / 3'600'000,
                rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
  return text;
}

// Reads from the front of `rest_`. Each function returns false after an error.
class Reader {
 public:
  Reader(std::string_view bytes, std::size_t max_depth, ValueBudget& budget)
      : rest_(bytes), max_depth_(max_depth), budget_(budget), reservable_(bytes.size()) {}

  bool read_message(json& value) {
    return read_value(value, 0) && rest_.empty() && !value.is_discarded();
  }

  DecodeError error() const { return error_; }

 private:
  bool take(std::size_t size, std::string_view& bytes) {
    if (size > rest_.size()) return false;
    bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  // A number of so many bytes, the highest first.
  bool take_number(std::size_t width, std::uint64_t& number) {
    std::string_view bytes;
    if (!take(width, bytes)) return false;
    number = 0;
    for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return true;
  }

  // `depth` counts the arrays and maps around the value.
  bool read_value(json& value, std::size_t depth) {
    std::uint64_t head = 0;
    if (!spend(ValueBudget::value) || !take_number(1, head)) return false;
    if (head <= 0x7f) return store(value, head);
    if (head <= 0x8f) return read_map(head & 0x0f, value, depth);
    if (head <= 0x9f) return read_array(head & 0x0f, value, depth);
    if (head <= 0xbf) return read_string(head & 0x1f, value);
    if (head >= 0xe0) return store_signed(value, static_cast<std::int8_t>(head));
    if (head >= 0xd4 && head <= 0xd8) return read_fixed_extension(1U << (head - 0xd4), value);
    switch (head) {
      case 0xc0:
        return store(value, nullptr);
      case 0xc2:
        return store(value, false);
      case 0xc3:
        return store(value, true);
      case 0xca:
      case 0xcb:
        return read_float(head == 0xca ? 4 : 8, value);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return read_unsigned(std::size_t{1} << (head - 0xcc), value);
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return read_signed(std::size_t{1} << (head - 0xd0), value);
      default:
        return read_counted(head, value, depth);
    }
  }

  // What has its length in front.
  bool read_counted(std::uint64_t head, json& value, std::size_t depth) {
    std::uint64_t length = 0;
    if (head >= 0xc4 && head <= 0xc6) {
      std::string_view bytes;
      return take_number(std::size_t{1} << (head - 0xc4), length) && take(length, bytes) &&
             store_binary(bytes, value);
    }
    if (head >= 0xc7 && head <= 0xc9) {
      return take_number(std::size_t{1} << (head - 0xc7), length) &&
             read_counted_extension(length, value);
    }
    if (head >= 0xd9 && head <= 0xdb) {
      return take_number(std::size_t{1} << (head - 0xd9), length) && read_string(length, value);
    }
    if (head == 0xdc || head == 0xdd) {
      return take_number(head == 0xdc ? 2 : 4, length) && read_array(length, value, depth);
    }
    if (head == 0xde || head == 0xdf) {
      return take_number(head == 0xde ? 2 : 4, length) && read_map(length, value, depth);
    }
    return false;  // 0xc1, which the format never uses
  }

  template <typename Value>
  static bool store(json& value, Value&& read) {
    value = std::forward<Value>(read);
    return true;
  }

  // A number has one form, whatever it was written as: what isn't negative is unsigned.
  static bool store_signed(json& value, std::int64_t number) {
    if (number < 0) return store(value, number);
    return store(value, static_cast<std::uint64_t>(number));
  }

  bool read_unsigned(std::size_t width, json& value) {
    std::uint64_t number = 0;
    return take_number(width, number) && store(value, number);
  }

  bool read_signed(std::size_t width, json& value) {
    std::uint64_t number = 0;
    if (!take_number(width, number)) return false;
    const std::size_t unused = 64 - 8 * width;
    return store_signed(value, static_cast<std::int64_t>(number << unused) >> unused);
  }

  bool read_float(std::size_t width, json& value) {
    std::uint64_t bits = 0;
    if (!take_number(width, bits)) return false;
    const double number = width == 4
                              ? double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))}
                              : std::bit_cast<double>(bits);
    if (!std::isfinite(number)) return store(value, nullptr);
    return store(value, number);
  }

  bool read_text(std::uint64_t length, std::string_view& text) {
    return take(length, text) && is_utf8(text);
  }

  bool read_string(std::uint64_t length, json& value) {
    std::string_view text;
    return spend(ValueBudget::text) && read_text(length, text) && store(value, text);
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

  bool read_array(std::uint64_t length, json& value, std::size_t depth) {
    // Each element takes a byte at least.
    if (!spend(ValueBudget::array) || !enter(depth) || length > rest_.size()) return false;
    value = json::array();
    auto& elements = value.get_ref<json::array_t&>();
    // Each in its turn could claim all bytes that are left.
    const std::size_t reserved = std::min<std::size_t>(length, reservable_);
    reservable_ -= reserved;
    elements.reserve(reserved);
    for (; length > 0; --length) {
      json& element = elements.emplace_back();
      if (!read_value(element, depth + 1)) return false;
      if (element.is_discarded()) element = nullptr;
    }
    return true;
  }

  bool read_map(std::uint64_t length, json& value, std::size_t depth) {
    if (!spend(ValueBudget::object) || !enter(depth) || length > rest_.size() / 2) return false;
    value = json::object();
    auto& members = value.get_ref<json::object_t&>();
    for (; length > 0; --length) {
      std::string_view key;
      if (!spend(ValueBudget::member) || !read_key(key)) return false;
      // Appended without a look at the others, as in JSON.
      auto& member = members.emplace_back(std::string(key), json());
      if (!read_value(member.second, depth + 1)) return false;
      if (member.second.is_discarded()) members.pop_back();
    }
    return true;
  }

  bool read_fixed_extension(std::size_t size, json& value) {
    std::uint64_t type = 0;
    if (!take_number(1, type)) return false;
    if (type == 0 && size == 8) {
      std::uint64_t time = 0;
      return take_number(8, time) && store(value, iso_date(static_cast<std::int64_t>(time)));
    }
    std::string_view bytes;
    if (!take(size, bytes)) return false;
    // JavaScript's undefined: the array or map around it knows what to make of it.
    if (type == 0 && size == 1) return store(value, json(json::value_t::discarded));
    return store_extension(type, bytes, value);
  }

  bool read_counted_extension(std::uint64_t length, json& value) {
    std::uint64_t type = 0;
    std::string_view bytes;
    if (!take_number(1, type) || !take(length, bytes)) return false;
    if (type == 0) return store_binary(bytes, value);  // an ArrayBuffer
    return store_extension(type, bytes, value);
  }

  bool store_binary(std::string_view bytes, json& value) {
    if (!budget_.take_binary()) {
      error_ = DecodeError::too_many_attachments;
      return false;
    }
    return spend(ValueBudget::text) && store(value, binary(bytes));
  }

  bool store_extension(std::uint64_t type, std::string_view bytes, json& value) {
    json number, content;
    store_signed(number, static_cast<std::int8_t>(type));
    return spend(ValueBudget::array) && store_binary(bytes, content) &&
           store(value, json::array({std::move(number), std::move(content)}));
  }

  std::string_view rest_;
  std::size_t max_depth_;
  ValueBudget& budget_;
  std::size_t reservable_;  // elements, in all arrays together
  DecodeError error_ = DecodeError::bad_msgpack;
};

}  // namespace

Result<json, DecodeError> read_msgpack(std::string_view bytes, std::size_t max_depth,
                                       ValueBudget& budget) {
  Reader reader(bytes, std::min(max_depth, deepest), budget);
  json value;
  if (!reader.read_message(value)) return Failure{reader.error()};
  return value;
}

}  // namespace sioserve::parser
