// The properties of a packet's data that the rules check, collected while it is read: a handler for
// JsonReader and MsgpackReader that keeps no values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "socketio/parser/placeholders.h"

namespace sioserve::parser {

class ValueSummary {
 public:
  enum class Kind { other, unsigned_integer, number, string, array, object };
  enum class Attachments { none, as_placeholders };

  explicit ValueSummary(Attachments attachments = Attachments::none)
      : finds_placeholders_(attachments == Attachments::as_placeholders) {}

  // --- what was read ---

  Kind kind() const { return kind_; }
  std::uint64_t integer() const { return integer_; }     // if kind is unsigned_integer
  const std::string& string() const { return string_; }  // if kind is string
  // Of an array.
  std::size_t size() const { return size_; }
  Kind first_kind() const { return first_kind_; }
  const std::string& first_string() const { return string_; }  // if kind is string
  const Placeholders& placeholders() const { return placeholders_; }

  // --- as a handler ---

  bool null() { return enter(Kind::other); }
  bool boolean(bool value) {
    if (finds_placeholders_) placeholders_.boolean(value);
    return enter(Kind::other);
  }
  bool integer(std::uint64_t value) {
    if (finds_placeholders_) placeholders_.integer(value);
    if (depth_ == 0) integer_ = value;
    return enter(Kind::unsigned_integer);
  }
  bool integer(std::int64_t) { return enter(Kind::number); }
  bool long_integer(std::string_view, double) { return enter(Kind::number); }
  bool real(double) { return enter(Kind::number); }
  bool string(std::string_view text) {
    if (depth_ == 0 || is_first()) string_ = text;
    return enter(Kind::string);
  }
  bool binary(std::string_view) { return enter(Kind::other); }
  bool begin_array() {
    if (finds_placeholders_) placeholders_.begin_array();
    enter(Kind::array);
    ++depth_;
    return true;
  }
  bool end_array() {
    if (finds_placeholders_) placeholders_.end_array();
    --depth_;
    return true;
  }
  bool begin_object() {
    if (finds_placeholders_) placeholders_.begin_object();
    enter(Kind::object);
    ++depth_;
    return true;
  }
  bool key(std::string_view name) {
    if (finds_placeholders_) placeholders_.key(name);
    return true;
  }
  bool end_object() {
    if (finds_placeholders_) placeholders_.end_object();
    --depth_;
    return true;
  }

 private:
  bool is_first() const { return depth_ == 1 && kind_ == Kind::array && size_ == 0; }

  bool enter(Kind kind) {
    if (depth_ == 0) {
      kind_ = kind;
    } else if (depth_ == 1) {
      if (is_first()) first_kind_ = kind;
      ++size_;
    }
    return true;
  }

  bool finds_placeholders_;
  std::size_t depth_ = 0;
  Kind kind_ = Kind::other;
  Kind first_kind_ = Kind::other;
  std::size_t size_ = 0;
  std::uint64_t integer_ = 0;
  std::string string_;
  Placeholders placeholders_;
};

}  // namespace sioserve::parser
