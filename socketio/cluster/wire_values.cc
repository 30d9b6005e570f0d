#include "socketio/cluster/wire_values.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "socketio/parser/json_tree.h"

namespace sioserve::socketio::cluster {
namespace {

// The readers have a lower limit.
constexpr std::size_t any_depth = 10'000;

// Whole numbers that JavaScript writes with these digits.
constexpr std::size_t most_digits = 15;

void write_buffers(Json& value) {
  if (value.is_binary()) {
    Json bytes = Json::array();
    for (const std::uint8_t byte : value.get_binary()) bytes.push_back(byte);
    value = Json{{"type", "Buffer"}, {"data", std::move(bytes)}};
  } else if (value.is_structured()) {
    for (Json& child : value) write_buffers(child);
  }
}

std::optional<std::int64_t> as_number(const std::string& room) {
  const std::string_view digits = std::string_view(room).substr(room.starts_with('-') ? 1 : 0);
  const bool is_whole = !digits.empty() && digits.size() <= most_digits &&
                        std::all_of(digits.begin(), digits.end(),
                                    [](char digit) { return digit >= '0' && digit <= '9'; });
  if (!is_whole || (digits.front() == '0' && room != "0")) return std::nullopt;
  return std::stoll(room);
}

}  // namespace

Json to_tree(const EncodedArgs& args) {
  parser::ValueBudget any;
  auto value = parser::read_json(args.json, any_depth, any, parser::HugeNumbers::infinite);
  if (!value) return Json(Json::value_t::discarded);
  parser::put_attachments(*value, args.attachments);
  return std::move(*value);
}

EncodedArgs to_args(Json value) {
  EncodedArgs args;
  parser::take_attachments(value, args.attachments);
  args.json = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return args;
}

std::string to_text(Json value) {
  write_buffers(value);
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_msgpack(const Json& value) {
  std::string bytes;
  Json::to_msgpack(value, bytes);
  return bytes;
}

bool has_bytes(const Json& value) {
  if (value.is_binary()) return true;
  return value.is_structured() && std::any_of(value.begin(), value.end(), has_bytes);
}

std::optional<Json> from_json(std::string_view text) {
  parser::ValueBudget any;
  auto value = parser::read_json(text, any_depth, any, parser::HugeNumbers::infinite);
  if (!value) return std::nullopt;
  return std::move(*value);
}

std::optional<Json> from_msgpack(std::string_view bytes) {
  parser::ValueBudget any;
  auto value = parser::read_msgpack(bytes, any_depth, any, parser::Timestamps::as_text);
  if (!value) return std::nullopt;
  return std::move(*value);
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool read_text(const Json& object, const char* name, std::string& text) {
  const Json* const value = member(object, name);
  if (!value || !value->is_string()) return false;
  text = value->get<std::string>();
  return true;
}

std::optional<std::string> optional_text(const Json& object, const char* name) {
  std::string text;
  return read_text(object, name, text) ? std::optional(std::move(text)) : std::nullopt;
}

std::optional<std::uint64_t> optional_number(const Json& object, const char* name) {
  const Json* const value = member(object, name);
  if (!value || !value->is_number_unsigned()) return std::nullopt;
  return value->get<std::uint64_t>();
}

bool read_rooms(const Json* value, std::vector<std::string>& rooms) {
  if (!value || !value->is_array()) return false;
  for (const Json& room : *value) {
    if (!room.is_string() && !room.is_number()) return false;
    std::string name = room.is_string() ? room.get<std::string>() : room.dump();
    if (std::find(rooms.begin(), rooms.end(), name) == rooms.end()) {
      rooms.push_back(std::move(name));
    }
  }
  return true;
}

bool read_target(const Json* options, Target& target) {
  if (!options) return false;
  const Json* const except = member(*options, "except");
  return read_rooms(member(*options, "rooms"), target.rooms) &&
         (!except || except->is_null() || read_rooms(except, target.except));
}

bool read_options(const Json* options, Broadcast& broadcast) {
  if (!read_target(options, broadcast.target)) return false;
  const Json* const flags = member(*options, "flags");
  if (!flags) return true;
  const Json* const is_volatile = member(*flags, "volatile");
  if (is_volatile && *is_volatile == true) broadcast.delivery = Delivery::droppable;
  const Json* const compress = member(*flags, "compress");
  if (compress && *compress == false) broadcast.compression = Compression::declined;
  const Json* const timeout = member(*flags, "timeout");
  if (timeout && timeout->is_number()) {
    constexpr double longest = 1e9;
    const double given = std::clamp(timeout->get<double>(), 0.0, longest);
    broadcast.timeout = Milliseconds{static_cast<std::int64_t>(given)};
  }
  return true;
}

bool read_event(const Json* data, EncodedArgs& args) {
  if (!data || !data->is_array() || data->empty()) return false;
  if (!data->front().is_string() && !data->front().is_number()) return false;
  args = to_args(*data);
  return true;
}

Json rooms_as_json(const std::vector<std::string>& rooms) {
  Json written = Json::array();
  for (const std::string& room : rooms) {
    written.push_back(room);
    if (const auto number = as_number(room)) written.push_back(*number);
  }
  return written;
}

Json target_as_json(const Target& target) {
  return Json{{"rooms", rooms_as_json(target.rooms)}, {"except", rooms_as_json(target.except)}};
}

Json flags_as_json(const Broadcast& broadcast) {
  Json flags = Json::object();
  if (broadcast.delivery == Delivery::droppable) flags["volatile"] = true;
  if (broadcast.compression == Compression::declined) flags["compress"] = false;
  if (broadcast.request && broadcast.timeout) flags["timeout"] = broadcast.timeout->count();
  return flags;
}

}  // namespace sioserve::socketio::cluster
