// A recursive descent over the text, written out instead of calling the JSON library's parser,
// which takes twice as long for a small event and eight times as long for a long string, has no
// limit of depth, takes a NUL for the end and refuses lone surrogates. Stateless between texts;
// called by the decoder only.
#include "socketio/parser/json_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "server/base/utf8.h"

namespace sioserve::parser {
namespace {

using json = Json;

// Whatever the configuration says: each level takes a frame of the stack, here and in others that
// walk the value.
constexpr std::size_t deepest = 1024;

constexpr std::uint32_t replacement_character = 0xfffd;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xc0 | code_point >> 6);
    append(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    append(0xe0 | code_point >> 12);
    append(0x80 | (code_point >> 6 & 0x3f));
    append(0x80 | (code_point & 0x3f));
  } else {
    append(0xf0 | code_point >> 18);
    append(0x80 | (code_point >> 12 & 0x3f));
    append(0x80 | (code_point >> 6 & 0x3f));
    append(0x80 | (code_point & 0x3f));
  }
}

// The code unit of the \uXXXX at the start of `text`, or a number that is no code unit.
constexpr std::uint32_t no_code_unit = 0x10000;
std::uint32_t escaped_code_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return no_code_unit;
  std::uint32_t unit = 0;
  const char* const end = text.data() + 6;
  const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
  return error == std::errc() && stop == end ? unit : no_code_unit;
}

// Reads from the front of `rest_`. Each function returns false after an error.
class Reader {
 public:
  Reader(std::string_view text, std::size_t max_depth, ValueBudget& budget, HugeNumbers huge)
      : rest_(text), max_depth_(max_depth), budget_(budget), huge_(huge) {}

  bool read_text(json& value) {
    skip_space();
    if (!read_value(value, 0)) return false;
    skip_space();
    return rest_.empty();
  }

  DecodeError error() const { return error_; }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' ||
                              rest_.front() == '\r' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
  }

  bool skip(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // `depth` counts the arrays and objects around the value.
  bool read_value(json& value, std::size_t depth) {
    if (rest_.empty() || !take(ValueBudget::value)) return false;
    switch (rest_.front()) {
      case '"': {
        std::string text;
        if (!take(ValueBudget::text) || !read_string(text)) return false;
        value = std::move(text);
        return true;
      }
      case '[':
        return take(ValueBudget::array) && enter(depth) && read_array(value, depth + 1);
      case '{':
        return take(ValueBudget::object) && enter(depth) && read_object(value, depth + 1);
      case 't':
        value = true;
        return read_word("true");
      case 'f':
        value = false;
        return read_word("false");
      case 'n':
        value = nullptr;
        return read_word("null");
      default:
        return read_number(value);
    }
  }

  bool take(std::size_t memory) {
    if (budget_.take(memory)) return true;
    error_ = DecodeError::too_many_values;
    return false;
  }

  bool enter(std::size_t depth) {
    if (depth >= max_depth_) {
      error_ = DecodeError::too_deep;
      return false;
    }
    rest_.remove_prefix(1);
    skip_space();
    return true;
  }

  bool read_word(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool read_array(json& value, std::size_t depth) {
    value = json::array();
    auto& elements = value.get_ref<json::array_t&>();
    if (skip(']')) return true;
    if (depth == 1) elements.reserve(4);  // most events fit: one allocation
    do {
      skip_space();
      if (!read_value(elements.emplace_back(), depth)) return false;
      skip_space();
    } while (skip(','));
    return skip(']');
  }

  bool read_object(json& value, std::size_t depth) {
    value = json::object();
    auto& members = value.get_ref<json::object_t&>();
    if (skip('}')) return true;
    do {
      skip_space();
      std::string name;
      if (!take(ValueBudget::member) || !read_string(name)) return false;
      skip_space();
      if (!skip(':')) return false;
      skip_space();
      // Appended without a look at the others, which would take quadratic time. Whoever makes a
      // map of them lets the last of several members with one name count.
      auto& member = members.emplace_back(std::move(name), json());
      if (!read_value(member.second, depth)) return false;
      skip_space();
    } while (skip(','));
    return skip('}');
  }

  bool read_string(std::string& text) {
    if (!skip('"')) return false;
    bool escapes = false;
    bool ascii = true;
    std::size_t length = 0;
    for (; length < rest_.size() && rest_[length] != '"'; ++length) {
      const auto byte = static_cast<unsigned char>(rest_[length]);
      if (byte < 0x20) return false;
      if (byte >= 0x80) ascii = false;
      if (byte == '\\') {
        escapes = true;
        ++length;  // whatever follows, a quotation mark too, belongs to the escape
      }
    }
    if (length >= rest_.size()) return false;
    const std::string_view raw = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    if (!ascii && !is_utf8(raw)) return false;
    if (escapes) return unescape(raw, text);
    text = raw;
    return true;
  }

  static bool unescape(std::string_view raw, std::string& text) {
    text.reserve(raw.size());
    while (!raw.empty()) {
      const std::size_t plain = std::min(raw.find('\\'), raw.size());
      text += raw.substr(0, plain);
      raw.remove_prefix(plain);
      if (raw.empty()) break;
      const std::size_t length = unescape_one(raw, text);
      if (length == 0) return false;
      raw.remove_prefix(length);
    }
    return true;
  }

  // Returns the length of the escape at the start of `raw`; 0: it is malformed.
  static std::size_t unescape_one(std::string_view raw, std::string& text) {
    constexpr std::string_view letters = R"("\/bfnrt)";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (raw[1] != 'u') {
      const std::size_t index = letters.find(raw[1]);
      if (index == std::string_view::npos) return 0;
      text += meanings[index];
      return 2;
    }
    const std::uint32_t unit = escaped_code_unit(raw);
    if (unit == no_code_unit) return 0;
    if (is_high_surrogate(unit)) {
      const std::uint32_t next = escaped_code_unit(raw.substr(6));
      if (is_low_surrogate(next)) {
        append_utf8(text, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
        return 12;
      }
    }
    const bool lone = is_high_surrogate(unit) || is_low_surrogate(unit);
    append_utf8(text, lone ? replacement_character : unit);
    return 6;
  }

  std::size_t skip_digits(std::size_t at) const {
    while (at < rest_.size() && is_digit(rest_[at])) ++at;
    return at;
  }

  bool read_number(json& value) {
    const std::size_t integer = rest_.front() == '-' ? 1 : 0;
    std::size_t end = skip_digits(integer);
    if (end == integer) return false;
    if (rest_[integer] == '0' && end > integer + 1) return false;
    bool is_integer = true;
    if (end < rest_.size() && rest_[end] == '.') {
      is_integer = false;
      const std::size_t fraction = end + 1;
      end = skip_digits(fraction);
      if (end == fraction) return false;
    }
    if (end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
      is_integer = false;
      std::size_t exponent = end + 1;
      if (exponent < rest_.size() && (rest_[exponent] == '+' || rest_[exponent] == '-')) ++exponent;
      end = skip_digits(exponent);
      if (end == exponent) return false;
    }
    const std::string_view number = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return (is_integer && store_as<std::uint64_t>(number, value)) ||
           (is_integer && store_as<std::int64_t>(number, value)) ||
           store_as<double>(number, value) || store_extreme(number, value);
  }

  template <typename Number>
  static bool store_as(std::string_view number, json& value) {
    Number result{};
    const char* const end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, result);
    if (error != std::errc() || stop != end) return false;
    value = result;
    return true;
  }

  // Too small for a double is zero.
  bool store_extreme(std::string_view number, json& value) const {
    const double result = std::strtod(std::string(number).c_str(), nullptr);
    value = result;
    return std::isfinite(result) || huge_ == HugeNumbers::infinite;
  }

  std::string_view rest_;
  std::size_t max_depth_;
  ValueBudget& budget_;
  HugeNumbers huge_;
  DecodeError error_ = DecodeError::bad_json;
};

}  // namespace

Result<json, DecodeError> read_json(std::string_view text, std::size_t max_depth,
                                    ValueBudget& budget, HugeNumbers huge) {
  Reader reader(text, std::min(max_depth, deepest), budget, huge);
  json value;
  if (!reader.read_text(value)) return Failure{reader.error()};
  return value;
}

}  // namespace sioserve::parser
