#include "socketio/cluster/sharded_adapter_codec.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "server/base/random_id.h"
#include "socketio/cluster/wire_values.h"

namespace sioserve::socketio::cluster {
namespace {

// The length of a client's id, in JavaScript's characters.
constexpr std::size_t client_id_length = 20;

// The numbers of socket.io-adapter, under its names.
enum class MessageType : std::uint64_t {
  broadcast = 3,
  sockets_join = 4,
  sockets_leave = 5,
  disconnect_sockets = 6,
  fetch_sockets = 7,
  fetch_sockets_response = 8,
  server_side_emit = 9,
  server_side_emit_response = 10,
  broadcast_client_count = 11,
  broadcast_ack = 12,
};

struct Body {
  MessageType type;
  Json data;
};

Json options_of(const Target& target) {
  Json options = target_as_json(target);
  options["flags"] = Json::object();
  return options;
}

Body body_of(const Broadcast& broadcast) {
  Json data{{"packet", {{"type", event_packet}, {"data", to_tree(broadcast.args)}}}};
  if (broadcast.request) data["requestId"] = *broadcast.request;
  data["opts"] = target_as_json(broadcast.target);
  data["opts"]["flags"] = flags_as_json(broadcast);
  return {MessageType::broadcast, std::move(data)};
}

Body body_of(const JoinRooms& join) {
  return {MessageType::sockets_join, {{"opts", options_of(join.target)}, {"rooms", join.rooms}}};
}

Body body_of(const LeaveRooms& leave) {
  return {MessageType::sockets_leave,
          {{"opts", options_of(leave.target)}, {"rooms", rooms_as_json(leave.rooms)}}};
}

Body body_of(const Disconnect& disconnect) {
  return {MessageType::disconnect_sockets,
          {{"opts", options_of(disconnect.target)},
           {"close", disconnect.scope == DisconnectScope::session}}};
}

Body body_of(const FetchSockets& fetch) {
  return {MessageType::fetch_sockets,
          {{"opts", options_of(fetch.target)}, {"requestId", fetch.request}}};
}

// The format has no such request: nobody answers.
Body body_of(const ListRooms& list) {
  return {MessageType::fetch_sockets, {{"requestId", list.request}}};
}

Body body_of(const ServerSideEmit& emit) {
  Json data = Json::object();
  if (emit.request) data["requestId"] = *emit.request;
  data["packet"] = to_tree(emit.args);
  return {MessageType::server_side_emit, std::move(data)};
}

Body body_of(const FetchedSockets& fetched) {
  return {MessageType::fetch_sockets_response,
          {{"requestId", fetched.request}, {"sockets", fetched.sockets}}};
}

Body body_of(const ListedRooms& listed) {
  return {MessageType::fetch_sockets_response, {{"requestId", listed.request}}};
}

Body body_of(const ServerSideAnswer& answer) {
  return {MessageType::server_side_emit_response,
          {{"requestId", answer.request}, {"packet", answer.value}}};
}

Body body_of(const ClientCount& count) {
  return {MessageType::broadcast_client_count,
          {{"requestId", count.request}, {"clientCount", count.clients}}};
}

Body body_of(const ClientAnswer& answer) {
  return {MessageType::broadcast_ack, {{"requestId", answer.request}, {"packet", answer.value}}};
}

std::size_t length_in_javascript(const std::string& text) {
  std::size_t length = 0;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if ((code & 0xc0) != 0x80) ++length;
    if (code >= 0xf0) ++length;  // two surrogates
  }
  return length;
}

// --- reading ---

std::optional<Message> read_message(MessageType type, const Json& data) {
  const auto request = optional_text(data, "requestId");
  const Json* const options = member(data, "opts");
  const Json* const rooms = member(data, "rooms");
  const Json* const packet = member(data, "packet");
  switch (type) {
    case MessageType::broadcast: {
      Broadcast broadcast;
      broadcast.request = request;
      if (!packet || !member(*packet, "type") || *member(*packet, "type") != event_packet) break;
      if (!read_event(member(*packet, "data"), broadcast.args)) break;
      if (!read_options(options, broadcast)) break;
      return broadcast;
    }
    case MessageType::sockets_join: {
      JoinRooms join;
      if (!read_target(options, join.target) || !read_rooms(rooms, join.rooms)) break;
      return join;
    }
    case MessageType::sockets_leave: {
      LeaveRooms leave;
      if (!read_target(options, leave.target) || !read_rooms(rooms, leave.rooms)) break;
      return leave;
    }
    case MessageType::disconnect_sockets: {
      const Json* const close = member(data, "close");
      Disconnect disconnect{{}, DisconnectScope::name_space};
      if (close && *close == true) disconnect.scope = DisconnectScope::session;
      if (!read_target(options, disconnect.target)) break;
      return disconnect;
    }
    case MessageType::fetch_sockets: {
      if (!request) break;
      FetchSockets fetch{{}, *request};
      if (!read_target(options, fetch.target)) break;
      return fetch;
    }
    case MessageType::fetch_sockets_response: {
      const Json* const sockets = member(data, "sockets");
      if (!request || !sockets || !sockets->is_array()) break;
      return FetchedSockets{*request, *sockets};
    }
    case MessageType::server_side_emit: {
      ServerSideEmit emit{{}, request};
      if (!read_event(packet, emit.args)) break;
      return emit;
    }
    case MessageType::server_side_emit_response:
      if (!request) break;
      return ServerSideAnswer{*request, value_or_null(packet)};
    case MessageType::broadcast_client_count: {
      const Json* const clients = member(data, "clientCount");
      if (!request || !clients || !clients->is_number_unsigned()) break;
      return ClientCount{*request, clients->get<std::uint64_t>()};
    }
    case MessageType::broadcast_ack:
      if (!request) break;
      return ClientAnswer{*request, value_or_null(packet)};
  }
  return std::nullopt;
}

}  // namespace

std::string ShardedAdapterCodec::make_uid() const { return random_hex(16); }

std::vector<Channel> ShardedAdapterCodec::channels(const std::string& name_space,
                                                   const std::string& uid) const {
  const std::string main = counted_channel(name_space);
  return {{main, ChannelKind::messages}, {main + uid + "#", ChannelKind::messages}};
}

std::optional<std::string> ShardedAdapterCodec::room_channel(const std::string& name_space,
                                                             const std::string& room) const {
  if (length_in_javascript(room) == client_id_length) return std::nullopt;
  return prefix_ + "#" + name_space + "#" + room + "#";
}

std::string ShardedAdapterCodec::counted_channel(const std::string& name_space) const {
  return prefix_ + "#" + name_space + "#";
}

std::string ShardedAdapterCodec::channel_for(const std::string& name_space, const Message& message,
                                             const std::string& asker) const {
  const auto* const broadcast = std::get_if<Broadcast>(&message);
  std::optional<std::string> channel;
  if (!asker.empty()) channel = counted_channel(name_space) + asker + "#";
  if (broadcast && !broadcast->request && broadcast->target.rooms.size() == 1) {
    channel = room_channel(name_space, broadcast->target.rooms.front());
  }
  return channel.value_or(counted_channel(name_space));
}

std::string ShardedAdapterCodec::encode(const Origin& origin, const std::string& name_space,
                                        const Message& message) const {
  Body body = std::visit([](const auto& one) { return body_of(one); }, message);
  const bool is_binary = has_bytes(body.data);
  Json written{{"type", static_cast<std::uint64_t>(body.type)},
               {"data", std::move(body.data)},
               {"uid", origin.uid},
               {"nsp", name_space}};
  if (origin.number) written["seq"] = *origin.number;
  return is_binary ? to_msgpack(written) : to_text(std::move(written));
}

std::optional<Received> ShardedAdapterCodec::decode(ChannelKind, std::string_view payload) const {
  const auto value = payload.starts_with('{') ? from_json(payload) : from_msgpack(payload);
  if (!value) return std::nullopt;
  const Json* const type = member(*value, "type");
  const Json* const data = member(*value, "data");
  Received received;
  if (!type || !type->is_number_unsigned() || !data || !read_text(*value, "uid", received.sender) ||
      !read_text(*value, "nsp", received.name_space)) {
    return std::nullopt;
  }
  const auto number = type->get<std::uint64_t>();
  if (number < static_cast<std::uint64_t>(MessageType::broadcast) ||
      number > static_cast<std::uint64_t>(MessageType::broadcast_ack)) {
    return std::nullopt;
  }
  auto message = read_message(MessageType{number}, *data);
  if (!message) return std::nullopt;
  received.message = std::move(*message);
  received.number = optional_number(*value, "seq");
  return received;
}

}  // namespace sioserve::socketio::cluster
