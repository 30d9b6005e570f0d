// The placeholders for attachments in a binary packet, {"_placeholder":true,"num":n}, found while
// the packet is read. If a name occurs twice, the last member counts, as for all JSON parsers to
// which the packet may be relayed. Other members are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sioserve::parser {

class Placeholders {
 public:
  // Nullopt: the placeholder has no valid number.
  using Number = std::optional<std::uint64_t>;

  void begin_object() { open_.push_back({found_.size()}); }
  void key(std::string_view name) {
    Object& object = open_.back();
    object.member = name == "_placeholder" ? Member::mark
                    : name == "num"        ? Member::number
                                           : Member::other;
    if (object.member == Member::mark) object.marked = false;
    if (object.member == Member::number) object.number = std::nullopt;
  }
  // A value directly in an object. Calls for other values are not necessary.
  void boolean(bool value) {
    if (Object* const object = member_of(Member::mark)) object->marked = value;
  }
  void integer(std::uint64_t value) {
    if (Object* const object = member_of(Member::number)) object->number = value;
  }
  void begin_array() { open_.push_back({found_.size()}); }
  void end_array() { open_.pop_back(); }
  // True: the object was a placeholder; its number is found().back().
  bool end_object() {
    const Object object = open_.back();
    open_.pop_back();
    if (!object.marked) return false;
    found_.resize(object.found_before);
    found_.push_back(object.number);
    return true;
  }

  // The placeholders that are not inside others.
  const std::vector<Number>& found() const { return found_; }

  // Which of so many attachments are named, perhaps several times. Nullopt: a number is that of
  // none.
  std::optional<std::vector<bool>> named(std::size_t attachments) const {
    std::vector<bool> named(attachments);
    for (const Number& number : found_) {
      if (!number || *number >= attachments) return std::nullopt;
      named[*number] = true;
    }
    return named;
  }

 private:
  enum class Member { other, mark, number };
  // An object or array that has begun; an array has no members.
  struct Object {
    std::size_t found_before;
    Member member = Member::other;
    bool marked = false;
    Number number = std::nullopt;
  };

  Object* member_of(Member member) {
    return !open_.empty() && open_.back().member == member ? &open_.back() : nullptr;
  }

  std::vector<Object> open_;
  std::vector<Number> found_;
};

}  // namespace sioserve::parser
