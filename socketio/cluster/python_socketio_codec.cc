#include "socketio/cluster/python_socketio_codec.h"

#include <cstddef>
#include <utility>

#include "server/base/base64.h"
#include "server/base/random_id.h"
#include "socketio/cluster/wire_values.h"
#include "socketio/parser/json_tree.h"

namespace sioserve::socketio::cluster {
namespace {

// The name of a request that comes from python-socketio: JSON with what the answer must repeat,
// [host_id, room, namespace, number]. Names of sioserve have no brackets.
// Sisters choose names, too, so it is checked.
Json callback_of(const RequestName& request) {
  Json callback = request.starts_with('[') ? Json::parse(request, nullptr, false) : Json();
  return callback.is_array() && callback.size() == 4 ? callback : Json();
}

bool is_callback(const RequestName& request) { return !callback_of(request).is_null(); }

bool is_one_socket(const Target& target) {
  return target.rooms.size() == 1 && target.except.empty();
}

enum class Readers { all, sisters, none };

Readers readers_of_change(const Target& target) {
  return is_one_socket(target) ? Readers::all : Readers::sisters;
}

struct FindReaders {
  Readers operator()(const Broadcast& broadcast) const {
    return broadcast.request ? Readers::sisters : Readers::all;
  }
  Readers operator()(const JoinRooms& join) const { return readers_of_change(join.target); }
  Readers operator()(const LeaveRooms& leave) const { return readers_of_change(leave.target); }
  Readers operator()(const Disconnect& disconnect) const {
    return readers_of_change(disconnect.target);
  }
  Readers operator()(const ClientAnswer& answer) const {
    return is_callback(answer.request) ? Readers::all : Readers::sisters;
  }
  Readers operator()(const ClientCount& count) const {
    return is_callback(count.request) ? Readers::none : Readers::sisters;
  }
  template <typename Other>
  Readers operator()(const Other&) const {
    return Readers::sisters;
  }
};

Readers readers_of(const Message& message) { return std::visit(FindReaders(), message); }

// --- writing; the order of the members is that of the package ---

Json texts_or_null(const std::vector<std::string>& texts) {
  if (texts.empty()) return nullptr;
  if (texts.size() == 1) return texts.front();
  return texts;
}

Json write(const std::string& name_space, const Broadcast& broadcast) {
  Json args = to_tree(broadcast.args);
  Json event = args.front();
  args.erase(0);
  std::vector<std::string> attachments;
  parser::take_attachments(args, attachments);
  Json data = args;
  if (!attachments.empty()) {
    data = Json::array({std::move(args)});
    for (const std::string& attachment : attachments) data.push_back(base64_encode(attachment));
  }
  Json written{{"method", "emit"},
               {"event", std::move(event)},
               {"data", std::move(data)},
               {"binary", !attachments.empty()},
               {"namespace", name_space},
               {"room", texts_or_null(broadcast.target.rooms)},
               {"skip_sid", texts_or_null(broadcast.target.except)},
               {"callback", nullptr}};
  if (Json flags = flags_as_json(broadcast); !flags.empty()) written["flags"] = std::move(flags);
  return written;
}

Json write(const std::string& name_space, const JoinRooms& join) {
  return {{"method", "enter_room"},
          {"sid", join.target.rooms.front()},
          {"room", join.rooms.front()},
          {"namespace", name_space}};
}

Json write(const std::string& name_space, const LeaveRooms& leave) {
  return {{"method", "leave_room"},
          {"sid", leave.target.rooms.front()},
          {"room", leave.rooms.front()},
          {"namespace", name_space}};
}

Json write(const std::string& name_space, const Disconnect& disconnect) {
  Json written{{"method", "disconnect"},
               {"sid", disconnect.target.rooms.front()},
               {"namespace", name_space}};
  if (disconnect.scope == DisconnectScope::session) written["close"] = true;
  return written;
}

Json write(const std::string&, const ClientAnswer& answer) {
  const Json callback = callback_of(answer.request);
  return {{"method", "callback"}, {"host_id", callback[0]},
          {"sid", callback[1]},   {"namespace", callback[2]},
          {"id", callback[3]},    {"args", Json::array({answer.value})}};
}

template <typename Other>
Json write(const std::string&, const Other&) {
  return {};  // goes to sisters only
}

// --- reading ---

// Python writes the words NaN, Infinity and -Infinity for numbers that JSON does not have. They
// become null, as in JavaScript.
std::string without_words(std::string_view text) {
  std::string cleaned;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_text && text[i] == '\\' && i + 1 < text.size()) {
      cleaned += text[i++];
    } else if (text[i] == '"') {
      in_text = !in_text;
    } else if (!in_text) {
      std::size_t length = 0;
      for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
        if (text.substr(i).starts_with(word)) length = word.size();
      }
      if (length > 0) {
        cleaned += "null";
        i += length - 1;
        continue;
      }
    }
    cleaned += text[i];
  }
  return cleaned;
}

// Nothing, a name, or several.
bool read_names(const Json* value, std::vector<std::string>& names) {
  if (!value || value->is_null()) return true;
  if (value->is_array()) return read_rooms(value, names);
  const Json one = Json::array({*value});
  return read_rooms(&one, names);
}

std::optional<EncodedArgs> read_data(const Json& message) {
  const Json* const event = member(message, "event");
  const Json* const data = member(message, "data");
  const Json* const binary = member(message, "binary");
  if (!event || !event->is_string()) return std::nullopt;
  Json args = data ? *data : Json();
  if (binary && *binary == true) {
    if (!args.is_array() || args.empty()) return std::nullopt;
    std::vector<std::string> attachments;
    for (std::size_t i = 1; i < args.size(); ++i) {
      auto bytes = args[i].is_string() ? base64_decode(args[i].get<std::string>()) : std::nullopt;
      if (!bytes) return std::nullopt;
      attachments.push_back(std::move(*bytes));
    }
    Json first = std::move(args.front());
    args = std::move(first);
    parser::put_attachments(args, attachments);
  }
  // As the package reads it: a list has the arguments, and None alone means none.
  if (!args.is_array()) args = Json::array({std::move(args)});
  if (args.size() == 1 && args.front().is_null()) args = Json::array();
  args.insert(args.begin(), *event);
  return to_args(std::move(args));
}

std::optional<Message> read_emit(const Json& message, const std::string& sender) {
  auto args = read_data(message);
  if (!args) return std::nullopt;
  Broadcast broadcast;
  if (const Json* const flags = member(message, "flags")) {
    const Json options{{"rooms", Json::array()}, {"flags", *flags}};
    if (!read_options(&options, broadcast)) return std::nullopt;
  }
  broadcast.args = std::move(*args);
  if (!read_names(member(message, "room"), broadcast.target.rooms) ||
      !read_names(member(message, "skip_sid"), broadcast.target.except)) {
    return std::nullopt;
  }
  constexpr std::size_t parts = 3;
  const Json* const callback = member(message, "callback");
  if (callback && callback->is_array() && callback->size() == parts && !sender.empty()) {
    broadcast.request =
        to_text(Json::array({sender, (*callback)[0], (*callback)[1], (*callback)[2]}));
  }
  return broadcast;
}

std::optional<Message> read_message(const Json& message, const std::string& sender) {
  const auto method = optional_text(message, "method");
  if (!method) return std::nullopt;
  if (*method == "emit") return read_emit(message, sender);
  // For another server, or for a callback of this one, which has none.
  if (*method == "callback") return ClientAnswer{};
  Target target;
  std::vector<std::string> rooms;
  const bool is_close = *method == "close_room";
  if (!read_names(member(message, "room"), rooms) ||
      !read_names(member(message, is_close ? "room" : "sid"), target.rooms) ||
      target.rooms.empty()) {
    return std::nullopt;
  }
  if (*method == "disconnect") {
    const Json* const close = member(message, "close");
    const bool is_session = close && *close == true;
    return Disconnect{std::move(target),
                      is_session ? DisconnectScope::session : DisconnectScope::name_space};
  }
  if (rooms.empty()) return std::nullopt;
  if (*method == "enter_room") return JoinRooms{std::move(target), std::move(rooms)};
  if (*method == "leave_room" || is_close) return LeaveRooms{std::move(target), std::move(rooms)};
  return std::nullopt;
}

}  // namespace

std::string PythonSocketIoCodec::make_uid() const { return random_hex(32); }

std::vector<Channel> PythonSocketIoCodec::channels(const std::string& name_space,
                                                   const std::string& uid) const {
  std::vector<Channel> channels{{channel_, ChannelKind::messages}};
  for (Channel& channel : sisters_.channels(name_space, uid)) {
    if (channel.kind != ChannelKind::messages) channels.push_back(std::move(channel));
  }
  return channels;
}

std::optional<std::string> PythonSocketIoCodec::room_channel(const std::string&,
                                                             const std::string&) const {
  return std::nullopt;
}

std::string PythonSocketIoCodec::counted_channel(const std::string& name_space) const {
  return sisters_.counted_channel(name_space);
}

std::string PythonSocketIoCodec::channel_for(const std::string& name_space, const Message& message,
                                             const std::string& asker) const {
  switch (readers_of(message)) {
    case Readers::all:
      return channel_;
    case Readers::sisters:
      return sisters_.channel_for(name_space, message, asker);
    case Readers::none:
      return {};
  }
  __builtin_unreachable();
}

std::string PythonSocketIoCodec::encode(const Origin& origin, const std::string& name_space,
                                        const Message& message) const {
  if (readers_of(message) != Readers::all) return sisters_.encode(origin, name_space, message);
  Json written = std::visit([&](const auto& one) { return write(name_space, one); }, message);
  if (!written.contains("host_id")) written["host_id"] = origin.uid;
  if (origin.number) written["seq"] = *origin.number;
  return to_text(std::move(written));
}

std::optional<Received> PythonSocketIoCodec::decode(ChannelKind kind,
                                                    std::string_view payload) const {
  if (kind != ChannelKind::messages) return sisters_.decode(kind, payload);
  auto value = from_json(payload);
  if (!value) value = from_json(without_words(payload));
  if (!value || !value->is_object()) return std::nullopt;
  Received received;
  received.sender = optional_text(*value, "host_id").value_or("");
  received.name_space = optional_text(*value, "namespace").value_or("/");
  received.number = optional_number(*value, "seq");
  auto message = read_message(*value, received.sender);
  if (!message) return std::nullopt;
  received.message = std::move(*message);
  return received;
}

}  // namespace sioserve::socketio::cluster
