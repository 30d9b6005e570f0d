#include "socketio/parser/json_tree.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "socketio/parser/iso_date.h"
#include "socketio/parser/msgpack_reader.h"
#include "socketio/parser/placeholders.h"

namespace sioserve::parser {
namespace {

Json binary_value(std::string_view bytes) {
  return Json::binary(Json::binary_t::container_type(bytes.begin(), bytes.end()));
}

// A handler for both readers. Only the last element of an array or object is changed, so the
// pointers to incomplete arrays and objects stay valid.
class TreeBuilder {
 public:
  // `attachments`: replace placeholders; without any, nothing is a placeholder.
  explicit TreeBuilder(std::span<const std::string> attachments = {}) : attachments_(attachments) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) {
    if (has_attachments()) placeholders_.boolean(value);
    return add(value);
  }
  bool integer(std::uint64_t value) {
    if (has_attachments()) placeholders_.integer(value);
    return add(value);
  }
  bool integer(std::int64_t value) { return add(value); }
  bool long_integer(std::string_view, double nearest) { return add(nearest); }
  bool real(double value) { return add(value); }
  bool string(std::string_view text) { return add(text); }
  bool binary(std::string_view bytes) { return add(binary_value(bytes)); }
  bool begin_array() {
    if (has_attachments()) placeholders_.begin_array();
    return open(Json::array());
  }
  bool end_array() {
    if (has_attachments()) placeholders_.end_array();
    return close();
  }
  bool begin_object() {
    if (has_attachments()) placeholders_.begin_object();
    return open(Json::object());
  }
  bool key(std::string_view name) {
    if (has_attachments()) placeholders_.key(name);
    key_ = name;
    return true;
  }
  bool end_object() {
    if (has_attachments() && placeholders_.end_object()) {
      const Placeholders::Number number = placeholders_.found().back();
      const bool known = number && *number < attachments_.size();
      // A placeholder inside another one may have any number: the outer placeholder replaces it.
      *open_.back() = known ? binary_value(attachments_[*number]) : Json();
    }
    return close();
  }

  Json take() { return std::move(root_); }

 private:
  bool has_attachments() const { return !attachments_.empty(); }
  Json& place(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_array()) {
      return open_.back()->get_ref<Json::array_t&>().emplace_back(std::move(value));
    }
    // Appended without a search for an equal name, which would take quadratic time.
    return open_.back()
        ->get_ref<Json::object_t&>()
        .emplace_back(std::move(key_), std::move(value))
        .second;
  }
  template <typename Value>
  bool add(Value&& value) {
    place(Json(std::forward<Value>(value)));
    return true;
  }
  bool open(Json empty) {
    open_.push_back(&place(std::move(empty)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::span<const std::string> attachments_;
  Placeholders placeholders_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
};

// Seconds and nanoseconds in one of MessagePack's three forms; nullopt: it has none of them.
std::optional<std::int64_t> milliseconds_of(std::string_view timestamp) {
  constexpr std::int64_t second = 1'000;
  constexpr std::uint64_t nanoseconds_in_millisecond = 1'000'000;
  const auto number = [&](std::size_t start, std::size_t size) {
    std::uint64_t value = 0;
    for (const char byte : timestamp.substr(start, size)) {
      value = value << 8 | static_cast<unsigned char>(byte);
    }
    return value;
  };
  std::uint64_t nanoseconds = 0;
  std::int64_t seconds = 0;
  if (timestamp.size() == 4) {
    seconds = static_cast<std::int64_t>(number(0, 4));
  } else if (timestamp.size() == 8) {
    nanoseconds = number(0, 8) >> 34;
    seconds = static_cast<std::int64_t>(number(0, 8) & ((std::uint64_t{1} << 34) - 1));
  } else if (timestamp.size() == 12) {
    nanoseconds = number(0, 4);
    seconds = static_cast<std::int64_t>(number(4, 8));
  } else {
    return std::nullopt;
  }
  // Far outside the range of Date, which iso_date() checks.
  constexpr std::int64_t most = 1'000'000'000'000'000;
  if (seconds > most || seconds < -most) return most * second;
  return seconds * second + static_cast<std::int64_t>(nanoseconds / nanoseconds_in_millisecond);
}

class DatingTreeBuilder : public TreeBuilder {
 public:
  // False: it is another extension.
  bool timestamp(std::string_view bytes, bool& added) {
    const auto milliseconds = milliseconds_of(bytes);
    if (!milliseconds) return false;
    const auto date = iso_date(*milliseconds);
    added = date ? string(*date) : null();
    return true;
  }
};

// Recursion is safe in these: the depth of `value` was checked when it was read.

void fill_in(Json& value, std::vector<std::optional<std::string>>& attachments) {
  if (value.is_object() && value.size() == 2) {
    const auto mark = value.find("_placeholder");
    const auto number = value.find("num");
    if (mark != value.end() && *mark == true && number != value.end() &&
        number->is_number_unsigned() && number->get<std::size_t>() < attachments.size()) {
      const auto bytes = std::exchange(attachments[number->get<std::size_t>()], std::nullopt);
      if (bytes) value = binary_value(*bytes);
      return;
    }
  }
  if (!value.is_structured()) return;
  for (Json& child : value) fill_in(child, attachments);
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<Json, DecodeError> read_json(std::string_view text, std::size_t max_depth,
                                    ValueBudget& budget, HugeNumbers huge) {
  TreeBuilder builder;
  JsonReader reader(text, max_depth, budget, builder, huge);
  if (!reader.read_text()) return Failure{reader.error()};
  return builder.take();
}

Result<Json, DecodeError> read_msgpack(std::string_view bytes, std::size_t max_depth,
                                       ValueBudget& budget, Timestamps timestamps) {
  switch (timestamps) {
    case Timestamps::as_extensions: {
      TreeBuilder builder;
      MsgpackReader reader(bytes, max_depth, budget, builder);
      if (!reader.read_message()) return Failure{reader.error()};
      return builder.take();
    }
    case Timestamps::as_text: {
      DatingTreeBuilder builder;
      MsgpackReader reader(bytes, max_depth, budget, builder);
      if (!reader.read_message()) return Failure{reader.error()};
      return builder.take();
    }
  }
  __builtin_unreachable();
}

void put_attachments(Json& value, std::vector<std::string> attachments) {
  if (attachments.empty()) return;
  std::vector<std::optional<std::string>> unused(std::make_move_iterator(attachments.begin()),
                                                 std::make_move_iterator(attachments.end()));
  fill_in(value, unused);
}

void take_attachments(Json& value, std::vector<std::string>& attachments) {
  if (value.is_binary()) {
    const auto& bytes = value.get_binary();
    attachments.emplace_back(bytes.begin(), bytes.end());
    value = Json{{"_placeholder", true}, {"num", attachments.size() - 1}};
  } else if (value.is_structured()) {
    for (Json& child : value) take_attachments(child, attachments);
  }
}

Json to_tree(const ReceivedValue& value) {
  ValueBudget any;
  TreeBuilder builder(value.attachments);
  const bool read = value.format == PayloadFormat::json
                        ? JsonReader(value.payload, any_depth, any, builder).read_text()
                        : MsgpackReader(value.payload, any_depth, any, builder).read_message();
  return read ? builder.take() : Json(Json::value_t::discarded);
}

EncodedArgs to_encoded(ReceivedValue args) {
  // Validated text is sent unchanged.
  if (args.format == PayloadFormat::json) {
    return {std::move(args.payload), std::move(args.attachments)};
  }
  Json tree = to_tree(args);
  EncodedArgs encoded;
  take_attachments(tree, encoded.attachments);
  encoded.json = dump(tree);
  return encoded;
}

}  // namespace sioserve::parser
