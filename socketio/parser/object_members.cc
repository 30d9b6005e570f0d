#include "socketio/parser/object_members.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "socketio/parser/json_reader.h"
#include "socketio/parser/msgpack_reader.h"
#include "socketio/parser/value_summary.h"

namespace sioserve::parser {
namespace {

struct Member {
  std::string name;
  std::string_view text;  // the name and the value, as received
  ValueSummary value{};
};

// A handler of JsonReader that finds the members of the outermost object.
class JsonMembers {
 public:
  std::vector<Member> read(std::string_view text) {
    ValueBudget any;
    JsonReader reader(text, any_depth, any, *this);
    reader_ = &reader;
    if (!reader.read_text()) members_.clear();
    return std::move(members_);
  }

  bool null() { return value_.null() && end_value(); }
  bool boolean(bool value) { return value_.boolean(value) && end_value(); }
  bool integer(std::uint64_t value) { return value_.integer(value) && end_value(); }
  bool integer(std::int64_t value) { return value_.integer(value) && end_value(); }
  bool long_integer(std::string_view digits, double nearest) {
    return value_.long_integer(digits, nearest) && end_value();
  }
  bool real(double value) { return value_.real(value) && end_value(); }
  bool string(std::string_view text) { return value_.string(text) && end_value(); }
  bool begin_array() { return begin() && value_.begin_array(); }
  bool end_array() { return value_.end_array() && end(); }
  bool begin_object() {
    if (depth_++ > 0) return value_.begin_object();
    rest_ = reader_->rest();
    return true;
  }
  bool key(std::string_view name) {
    if (depth_ > 1) return value_.key(name);
    name_ = name;
    value_ = ValueSummary();
    return true;
  }
  bool end_object() { return depth_ > 1 ? value_.end_object() && end() : true; }

 private:
  bool begin() {
    ++depth_;
    return true;
  }
  bool end() {
    --depth_;
    return end_value();
  }
  bool end_value() {
    if (depth_ != 1) return true;
    // Only a comma and white space come before the name.
    const std::string_view member = rest_.substr(0, rest_.size() - reader_->rest().size());
    members_.push_back({name_, member.substr(member.find('"')), std::move(value_)});
    rest_ = reader_->rest();
    return true;
  }

  const JsonReader<JsonMembers>* reader_ = nullptr;
  std::size_t depth_ = 0;
  std::string_view rest_;  // from the end of the latest member
  std::string name_;
  ValueSummary value_;
  std::vector<Member> members_;
};

std::vector<Member> msgpack_members(std::string_view bytes) {
  ValueBudget any;
  ValueSummary value;
  MsgpackReader reader(bytes, any_depth, any, value);
  std::vector<Member> members;
  std::uint64_t count = 0;
  if (!reader.at_map() || !reader.read_map_head(count)) return {};
  for (; count > 0; --count) {
    const std::string_view before = reader.rest();
    std::string_view name;
    if (!reader.read_member_key(name)) return {};
    if (reader.skip_undefined()) continue;
    value = ValueSummary();
    if (!reader.read_value(1)) return {};
    members.push_back({std::string(name), before.substr(0, before.size() - reader.rest().size()),
                       std::move(value)});
  }
  return members;
}

std::vector<Member> members_of(const ReceivedValue& object) {
  switch (object.format) {
    case PayloadFormat::json:
      return JsonMembers().read(object.payload);
    case PayloadFormat::msgpack:
      return msgpack_members(object.payload);
  }
  __builtin_unreachable();
}

std::string json_object(const std::vector<Member>& members) {
  std::string text = "{";
  for (const Member& member : members) {
    if (text.size() > 1) text += ',';
    text += member.text;
  }
  return text + '}';
}

std::string msgpack_map(const std::vector<Member>& members) {
  std::string bytes = "\xdf";
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>((members.size() >> shift) & 0xff);
  }
  for (const Member& member : members) bytes += member.text;
  return bytes;
}

std::string written(PayloadFormat format, const std::vector<Member>& members) {
  switch (format) {
    case PayloadFormat::json:
      return json_object(members);
    case PayloadFormat::msgpack:
      return msgpack_map(members);
  }
  __builtin_unreachable();
}

}  // namespace

bool has_member(const ReceivedValue& object, std::string_view name) {
  const std::vector<Member> members = members_of(object);
  return std::any_of(members.begin(), members.end(),
                     [&](const Member& member) { return member.name == name; });
}

std::optional<std::string> take_string(ReceivedValue& object, std::string_view name) {
  std::vector<Member> members = members_of(object);
  const auto has_name = [&](const Member& member) { return member.name == name; };
  // If a name occurs twice, the last member is used.
  const auto last = std::find_if(members.rbegin(), members.rend(), has_name);
  if (last == members.rend() || last->value.kind() != ValueSummary::Kind::string) {
    return std::nullopt;
  }
  std::string taken = last->value.string();
  std::erase_if(members, has_name);
  object.payload = written(object.format, members);
  return taken;
}

}  // namespace sioserve::parser
