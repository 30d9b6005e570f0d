// Reads JSON (RFC 8259) from an untrusted peer.
//
// A recursive descent over the text, which calls a handler for each value. The code that checks a
// packet and the code that builds objects from it use this same parser. The JSON library's parser
// is not used: it takes twice as long for a small event and eight times as long for a long string,
// has no limit of depth, treats a NUL as the end and refuses lone surrogates.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "server/base/utf8.h"
#include "socketio/parser/decode_error.h"
#include "socketio/parser/json_number.h"
#include "socketio/parser/json_string.h"
#include "socketio/parser/reader_traits.h"
#include "socketio/parser/value_budget.h"

namespace sioserve::parser {

// A number above the range of double, which Python's integers may have, is an error or infinity.
enum class HugeNumbers { refused, infinite };

// One JSON text, and nothing after it. Fails with bad_json, with too_deep if arrays and objects are
// nested deeper than `max_depth`, or with too_many_values if they exceed `budget`. An escaped lone
// surrogate, which browsers send if a string is cut within a character, becomes U+FFFD.
//
// The handler has these functions, which return false to stop reading:
//   null(), boolean(bool), integer(uint64_t), integer(int64_t) for negative numbers,
//   long_integer(string_view digits, double nearest) for integers that fit neither, real(double),
//   string(string_view), begin_array(), end_array(), begin_object(), key(string_view), end_object()
// Texts are valid during the call. Members come in the order of the text. A name that occurs twice
// comes twice: the last member counts.
// A handler with `static constexpr bool checks_utf8 = true` gets texts that may not be UTF-8, and
// must check them itself.
template <typename Handler>
class JsonReader {
 public:
  // Independent of the configuration, because each level needs a stack frame.
  static constexpr std::size_t deepest = 1024;

  JsonReader(std::string_view text, std::size_t max_depth, ValueBudget& budget, Handler& handler,
             HugeNumbers huge = HugeNumbers::refused)
      : rest_(text),
        max_depth_(std::min(max_depth, deepest)),
        budget_(budget),
        handler_(handler),
        huge_(huge) {}

  // False after an error.
  bool read_text() {
    skip_space();
    if (!read_value(0)) return false;
    skip_space();
    return rest_.empty();
  }

  DecodeError error() const { return error_; }

  // The input that is not read yet. Within a call of the handler: the input after the value or the
  // key.
  std::string_view rest() const { return rest_; }

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

  // `depth`: the number of arrays and objects around the value.
  bool read_value(std::size_t depth) {
    if (rest_.empty() || !take(ValueBudget::value)) return false;
    switch (rest_.front()) {
      case '"': {
        std::string_view text;
        return take(ValueBudget::text) && read_string(text) && handler_.string(text);
      }
      case '[':
        return take(ValueBudget::array) && enter(depth) && read_array(depth + 1);
      case '{':
        return take(ValueBudget::object) && enter(depth) && read_object(depth + 1);
      case 't':
        return read_word("true") && handler_.boolean(true);
      case 'f':
        return read_word("false") && handler_.boolean(false);
      case 'n':
        return read_word("null") && handler_.null();
      default:
        return read_number();
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

  bool read_array(std::size_t depth) {
    if (!handler_.begin_array()) return false;
    if (skip(']')) return handler_.end_array();
    do {
      skip_space();
      if (!read_value(depth)) return false;
      skip_space();
    } while (skip(','));
    return skip(']') && handler_.end_array();
  }

  bool read_object(std::size_t depth) {
    if (!handler_.begin_object()) return false;
    if (skip('}')) return handler_.end_object();
    do {
      skip_space();
      std::string_view name;
      if (!take(ValueBudget::member) || !read_string(name) || !handler_.key(name)) return false;
      skip_space();
      if (!skip(':')) return false;
      skip_space();
      if (!read_value(depth)) return false;
      skip_space();
    } while (skip(','));
    return skip('}') && handler_.end_object();
  }

  // `text` is valid until the next string.
  bool read_string(std::string_view& text) {
    if (!skip('"')) return false;
    bool escapes = false;
    std::uint64_t bits = 0;
    std::size_t length = 0;
    for (;;) {
      length += plain_length(rest_.substr(length), bits);
      if (length >= rest_.size()) return false;
      if (rest_[length] == '"') break;
      if (rest_[length] != '\\') return false;
      escapes = true;
      length += 2;  // the next character belongs to the escape, even if it is a quotation mark
      if (length >= rest_.size()) return false;
    }
    text = rest_.substr(0, length);
    rest_.remove_prefix(length + 1);
    const bool ascii = (bits & 0x8080808080808080) == 0;
    if (!ascii && !checks_utf8<Handler> && !is_utf8(text)) return false;
    if (!escapes) return true;
    if (!unescape(text, unescaped_)) return false;
    text = unescaped_;
    return true;
  }

  std::size_t skip_digits(std::size_t at) const {
    while (at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9') ++at;
    return at;
  }

  bool read_number() {
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
    if (std::uint64_t value = 0; is_integer && parse(number, value)) return handler_.integer(value);
    if (std::int64_t value = 0; is_integer && parse(number, value)) return handler_.integer(value);
    const double nearest = nearest_double(number);
    if (!std::isfinite(nearest)) return huge_ == HugeNumbers::infinite && handler_.real(nearest);
    return is_integer ? handler_.long_integer(number, nearest) : handler_.real(nearest);
  }

  template <typename Number>
  static bool parse(std::string_view text, Number& number) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end;
  }

  std::string_view rest_;
  std::size_t max_depth_;
  ValueBudget& budget_;
  Handler& handler_;
  HugeNumbers huge_;
  std::string unescaped_;
  DecodeError error_ = DecodeError::bad_json;
};

}  // namespace sioserve::parser
