#include "socketio/cluster/redis_adapter_codec.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/base/random_id.h"
#include "socketio/cluster/msgpack_writer.h"
#include "socketio/cluster/wire_values.h"

namespace sioserve::socketio::cluster {
namespace {

constexpr std::size_t uid_size = 6;

// The numbers of the package, under its names.
enum class RequestType : std::uint64_t {
  all_rooms = 1,
  remote_join = 2,
  remote_leave = 3,
  remote_disconnect = 4,
  remote_fetch = 5,
  server_side_emit = 6,
  broadcast = 7,
  broadcast_client_count = 8,
  broadcast_ack = 9,
};

Json type_of(RequestType type) { return static_cast<std::uint64_t>(type); }

// --- broadcasts ---

void write_packet(MsgpackWriter& out, const Broadcast& broadcast, const std::string& name_space) {
  out.begin_map(3);
  out.text("type");
  out.number(event_packet);
  out.text("data");
  out.value(to_tree(broadcast.args));
  out.text("nsp");
  out.text(name_space);
}

void write_options(MsgpackWriter& out, const Broadcast& broadcast,
                   std::optional<std::uint64_t> number) {
  out.begin_map(number ? 4 : 3);
  out.text("rooms");
  out.value(rooms_as_json(broadcast.target.rooms));
  out.text("except");
  out.value(rooms_as_json(broadcast.target.except));
  out.text("flags");
  out.value(flags_as_json(broadcast));
  if (number) {
    out.text("seq");
    out.number(*number);
  }
}

std::string write_request(const Origin& origin, const std::string& name_space,
                          const Broadcast& broadcast) {
  MsgpackWriter out;
  out.begin_map(origin.number ? 6 : 5);
  out.text("uid");
  out.text(origin.uid);
  out.text("requestId");
  out.text(*broadcast.request);
  out.text("type");
  out.number(static_cast<std::uint64_t>(RequestType::broadcast));
  out.text("packet");
  write_packet(out, broadcast, name_space);
  out.text("opts");
  write_options(out, broadcast, std::nullopt);
  if (origin.number) {
    out.text("seq");
    out.number(*origin.number);
  }
  return out.take();
}

std::string write(const Origin& origin, const std::string& name_space, const Broadcast& broadcast) {
  if (broadcast.request) return write_request(origin, name_space, broadcast);
  MsgpackWriter out;
  out.begin_array(3);
  out.text(origin.uid);
  write_packet(out, broadcast, name_space);
  write_options(out, broadcast, origin.number);
  return out.take();
}

// --- requests ---

// In this order, as the package writes them.
Json request_of(const Origin& origin, Json members) {
  Json request{{"uid", origin.uid}};
  request.update(members);
  if (origin.number) request["seq"] = *origin.number;
  return request;
}

std::string write(const Origin& origin, const std::string&, const JoinRooms& join) {
  return to_text(request_of(origin, {{"type", type_of(RequestType::remote_join)},
                                     {"opts", target_as_json(join.target)},
                                     {"rooms", join.rooms}}));
}

std::string write(const Origin& origin, const std::string&, const LeaveRooms& leave) {
  return to_text(request_of(origin, {{"type", type_of(RequestType::remote_leave)},
                                     {"opts", target_as_json(leave.target)},
                                     {"rooms", rooms_as_json(leave.rooms)}}));
}

std::string write(const Origin& origin, const std::string&, const Disconnect& disconnect) {
  return to_text(request_of(origin, {{"type", type_of(RequestType::remote_disconnect)},
                                     {"opts", target_as_json(disconnect.target)},
                                     {"close", disconnect.scope == DisconnectScope::session}}));
}

std::string write(const Origin& origin, const std::string&, const FetchSockets& fetch) {
  return to_text(request_of(origin, {{"requestId", fetch.request},
                                     {"type", type_of(RequestType::remote_fetch)},
                                     {"opts", target_as_json(fetch.target)}}));
}

std::string write(const Origin& origin, const std::string&, const ListRooms& list) {
  return to_text(
      request_of(origin, {{"requestId", list.request}, {"type", type_of(RequestType::all_rooms)}}));
}

std::string write(const Origin& origin, const std::string&, const ServerSideEmit& emit) {
  Json members = Json::object();
  if (emit.request) members["requestId"] = *emit.request;
  members["type"] = type_of(RequestType::server_side_emit);
  members["data"] = to_tree(emit.args);
  return to_text(request_of(origin, std::move(members)));
}

// --- answers ---

std::string write(const Origin&, const std::string&, const FetchedSockets& fetched) {
  return to_text(Json{{"requestId", fetched.request}, {"sockets", fetched.sockets}});
}

std::string write(const Origin&, const std::string&, const ListedRooms& listed) {
  return to_text(Json{{"requestId", listed.request}, {"rooms", listed.rooms}});
}

std::string write(const Origin&, const std::string&, const ServerSideAnswer& answer) {
  return to_text(Json{{"type", type_of(RequestType::server_side_emit)},
                      {"requestId", answer.request},
                      {"data", answer.value}});
}

std::string write(const Origin&, const std::string&, const ClientCount& count) {
  return to_text(Json{{"type", type_of(RequestType::broadcast_client_count)},
                      {"requestId", count.request},
                      {"clientCount", count.clients}});
}

std::string write(const Origin&, const std::string&, const ClientAnswer& answer) {
  return to_msgpack(Json{{"type", type_of(RequestType::broadcast_ack)},
                         {"requestId", answer.request},
                         {"packet", answer.value}});
}

// --- reading ---

std::optional<Json> read_value(std::string_view payload) {
  return payload.starts_with('{') ? from_json(payload) : from_msgpack(payload);
}

// Nullopt: no such number is read here.
std::optional<RequestType> read_type(const Json& object) {
  const Json* const type = member(object, "type");
  if (!type || !type->is_number_unsigned()) return std::nullopt;
  const auto number = type->get<std::uint64_t>();
  const bool is_known = number >= static_cast<std::uint64_t>(RequestType::all_rooms) &&
                        number <= static_cast<std::uint64_t>(RequestType::broadcast_ack);
  return is_known ? std::optional(RequestType{number}) : std::nullopt;
}

bool read_packet(const Json& packet, std::string& name_space, EncodedArgs& args) {
  return member(packet, "type") && *member(packet, "type") == event_packet &&
         read_text(packet, "nsp", name_space) && read_event(member(packet, "data"), args);
}

std::optional<Received> read_broadcast(const Json& value) {
  constexpr std::size_t parts = 3;
  if (!value.is_array() || value.size() != parts || !value[0].is_string()) return std::nullopt;
  Received received{value[0].get<std::string>(), {}, Broadcast{}};
  Broadcast& broadcast = std::get<Broadcast>(received.message);
  if (!read_packet(value[1], received.name_space, broadcast.args)) return std::nullopt;
  if (!read_options(&value[2], broadcast)) return std::nullopt;
  received.number = optional_number(value[2], "seq");
  return received;
}

std::optional<Message> read_request(const Json& value, std::string& name_space) {
  const auto type = read_type(value);
  if (!type) return std::nullopt;
  const auto request = optional_text(value, "requestId");
  const Json* const options = member(value, "opts");
  const Json* const rooms = member(value, "rooms");
  switch (*type) {
    case RequestType::all_rooms:
      if (!request) return std::nullopt;
      return ListRooms{*request};
    case RequestType::remote_join: {
      JoinRooms join;
      if (!read_target(options, join.target) || !read_rooms(rooms, join.rooms)) break;
      return join;
    }
    case RequestType::remote_leave: {
      LeaveRooms leave;
      if (!read_target(options, leave.target) || !read_rooms(rooms, leave.rooms)) break;
      return leave;
    }
    case RequestType::remote_disconnect: {
      const Json* const close = member(value, "close");
      Disconnect disconnect{{}, DisconnectScope::name_space};
      if (close && *close == true) disconnect.scope = DisconnectScope::session;
      if (!read_target(options, disconnect.target)) break;
      return disconnect;
    }
    case RequestType::remote_fetch: {
      if (!request) break;
      FetchSockets fetch{{}, *request};
      if (!read_target(options, fetch.target)) break;
      return fetch;
    }
    case RequestType::server_side_emit: {
      ServerSideEmit emit{{}, request};
      if (!read_event(member(value, "data"), emit.args)) break;
      return emit;
    }
    case RequestType::broadcast: {
      Broadcast broadcast;
      broadcast.request = request;
      const Json* const packet = member(value, "packet");
      if (!request || !packet || !read_packet(*packet, name_space, broadcast.args)) break;
      if (!read_options(options, broadcast)) break;
      return broadcast;
    }
    case RequestType::broadcast_client_count:
    case RequestType::broadcast_ack:
      break;
  }
  return std::nullopt;
}

// Some answers have no type.
std::optional<Message> read_answer(const Json& value) {
  const auto request = optional_text(value, "requestId");
  if (!request) return std::nullopt;
  if (const Json* const sockets = member(value, "sockets")) {
    if (!sockets->is_array()) return std::nullopt;
    return FetchedSockets{*request, *sockets};
  }
  if (const Json* const rooms = member(value, "rooms")) {
    ListedRooms listed{*request, {}};
    if (!read_rooms(rooms, listed.rooms)) return std::nullopt;
    return listed;
  }
  const auto type = read_type(value);
  if (!type) return std::nullopt;
  switch (*type) {
    case RequestType::server_side_emit:
      return ServerSideAnswer{*request, value_or_null(member(value, "data"))};
    case RequestType::broadcast_client_count: {
      const Json* const clients = member(value, "clientCount");
      if (!clients || !clients->is_number_unsigned()) return std::nullopt;
      return ClientCount{*request, clients->get<std::uint64_t>()};
    }
    case RequestType::broadcast_ack:
      return ClientAnswer{*request, value_or_null(member(value, "packet"))};
    case RequestType::all_rooms:
    case RequestType::remote_join:
    case RequestType::remote_leave:
    case RequestType::remote_disconnect:
    case RequestType::remote_fetch:
    case RequestType::broadcast:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string RedisAdapterCodec::make_uid() const { return random_id().substr(0, uid_size); }

std::vector<Channel> RedisAdapterCodec::channels(const std::string& name_space,
                                                 const std::string& uid) const {
  const std::string answers = prefix_ + "-response#" + name_space + "#";
  return {{prefix_ + "#" + name_space + "#", ChannelKind::messages},
          {counted_channel(name_space), ChannelKind::requests},
          {answers, ChannelKind::answers},
          {answers + uid + "#", ChannelKind::answers}};
}

std::optional<std::string> RedisAdapterCodec::room_channel(const std::string& name_space,
                                                           const std::string& room) const {
  return prefix_ + "#" + name_space + "#" + room + "#";
}

std::string RedisAdapterCodec::counted_channel(const std::string& name_space) const {
  return prefix_ + "-request#" + name_space + "#";
}

std::string RedisAdapterCodec::channel_for(const std::string& name_space, const Message& message,
                                           const std::string&) const {
  const auto* const broadcast = std::get_if<Broadcast>(&message);
  if (broadcast && !broadcast->request) {
    const auto& rooms = broadcast->target.rooms;
    return prefix_ + "#" + name_space + "#" + (rooms.size() == 1 ? rooms.front() + "#" : "");
  }
  return prefix_ + (is_answer(message) ? "-response#" : "-request#") + name_space + "#";
}

std::string RedisAdapterCodec::encode(const Origin& origin, const std::string& name_space,
                                      const Message& message) const {
  return std::visit([&](const auto& one) { return write(origin, name_space, one); }, message);
}

bool RedisAdapterCodec::is_written_by(const std::string& uid, ChannelKind kind,
                                      std::string_view payload) const {
  MsgpackWriter start;
  switch (kind) {
    case ChannelKind::messages:
      start.begin_array(3);
      start.text(uid);
      return payload.starts_with(start.take());
    case ChannelKind::requests:
    case ChannelKind::answers:
      return false;
  }
  return false;
}

std::optional<Received> RedisAdapterCodec::decode(ChannelKind kind,
                                                  std::string_view payload) const {
  const auto value = read_value(payload);
  if (!value) return std::nullopt;
  if (kind == ChannelKind::messages) return read_broadcast(*value);
  Received received{
      optional_text(*value, "uid").value_or(""), {}, {}, optional_number(*value, "seq")};
  auto message = kind == ChannelKind::requests ? read_request(*value, received.name_space)
                                               : read_answer(*value);
  if (!message) return std::nullopt;
  received.message = std::move(*message);
  return received;
}

}  // namespace sioserve::socketio::cluster
