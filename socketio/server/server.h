// The Socket.IO server: the namespaces, and the table of sockets by SocketId. Carries out the
// application's commands; reports events through an EventSink. Lives on the I/O thread.
// server/transport connects Engine.IO sessions to it with make_observer().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/port/event_sink.h"
#include "server/port/messages.h"
#include "socketio/engine/session.h"
#include "socketio/limits/limits.h"
#include "socketio/parser/codec.h"
#include "socketio/server/client.h"
#include "socketio/server/event_encoder.h"
#include "socketio/server/recovery.h"
#include "socketio/server/socket.h"

namespace sioserve::socketio {

// Namespaces that a process adds stay when it ends.
inline constexpr std::size_t max_permanent_namespaces = 100'000;

class Server {
 public:
  // The arguments outlive the server; the server outlives every session with its observer.
  Server(const Config& config, EventSink& events, const Logger& logger, Limits& limits);

  // For a new session. `opened`: the event to push before its first CONNECT; nullopt if the
  // application already knows the session.
  std::unique_ptr<engine::SessionObserver> make_observer(engine::Session& session,
                                                         std::optional<SessionOpened> opened);

  void handle(SocketIoCommand command);
  Answer answer(const Question& question);
  // The application has taken the queued events: sessions that stopped reading because the queue
  // was full resume.
  void events_taken();
  // No socket is accepted with them any more; those that were keep them.
  void forget_relays(const std::function<bool(RelaysId)>& meant);

  void handle(DefineRelays command);
  void handle(const SocketAccept& command);
  void handle(const SocketRefuse& command);
  void handle(SocketEmit command);
  void handle(SocketBroadcast command);
  // One of another server, to the sockets of this one.
  void deliver(SocketBroadcast command);
  void handle(SocketAck command);
  void handle(const SocketEventsDone& command);
  void handle(const SocketJoin& command);
  void handle(const SocketLeave& command);
  void handle(const SocketLeaveAll& command);
  void handle(const SocketClose& command);
  void handle(const SocketWatch& command);
  void handle(const SocketReleased& command);
  void handle(const SessionReleased& command);
  void handle(WatchRooms command);
  void handle(const UnwatchRooms& command);
  void handle(AddNamespace command);
  void handle(const ServeDynamicNamespaces& command);

  RoomsOfSocket::Answer answer(const RoomsOfSocket& question);
  Membership::Answer answer(const Membership& question);
  SocketsIn::Answer answer(const SocketsIn& question);
  RoomsOfNamespace::Answer answer(const RoomsOfNamespace& question);
  SocketCount::Answer answer(const SocketCount& question);
  NamespacesInUse::Answer answer(const NamespacesInUse& question);
  ClientIdInUse::Answer answer(const ClientIdInUse& question);
  RoomChanges::Answer answer(const RoomChanges& question);
  SessionStatusAsked::Answer answer(const SessionStatusAsked& question);
  CountsAsked::Answer answer(const CountsAsked& question);
  // These are for the ProcessPool, if there is one.
  OtherProcesses::Answer answer(const OtherProcesses&) { return {}; }
  ProcessesAsked::Answer answer(const ProcessesAsked&) { return {}; }
  ClientCount::Answer answer(const ClientCount&) { return {}; }

  // --- for a cluster ---

  // Before the first client. `others` outlives the server's namespaces.
  void join_cluster(OtherServers& others);
  // For other servers, whose events come as a SocketBroadcast with BroadcastScope::this_server.
  // Unknown namespaces have no sockets.
  void join_rooms(const std::string& name_space, const BroadcastTarget& target,
                  const std::vector<std::string>& rooms);
  void leave_rooms(const std::string& name_space, const BroadcastTarget& target,
                   const std::vector<std::string>& rooms);
  // `command`: without a socket.
  void close_sockets(const std::string& name_space, const BroadcastTarget& target,
                     SocketClose command);
  // Emits an event with an acknowledgement. Returns the number of sockets; each acknowledgement is
  // an OtherServers::acknowledged(). `callback` has the bit callback_of_server.
  std::size_t ask_sockets(const std::string& name_space, const BroadcastTarget& target,
                          const EncodedArgs& args, std::uint64_t callback);
  // The rooms that have members here, and the ids that clients see.
  std::vector<std::string> room_names(const std::string& name_space);

  // Call it about every 20 ms.
  void advance(TimePoint now);

  // --- for Client ---

  const Config& config() const { return config_; }
  EventSink& events() const { return events_; }
  const Logger& logger() const { return logger_; }
  Limits& limits() const { return limits_; }
  const parser::Codec& codec() const { return *codec_; }
  EventEncoder& encoder() { return encoder_; }
  OtherServers* others() const { return others_; }  // null: there is no cluster
  // Without the callbacks of other servers, which are told nothing.
  void push_lost_acks(SocketAcksLost lost);
  struct MadeSocket {
    std::unique_ptr<Socket> socket;     // null: the namespace does not exist
    std::optional<SocketId> recovered;  // the id that the socket had before
  };
  // For a CONNECT with this payload; removes a recovery request from it. If namespaces are dynamic,
  // a namespace that does not exist is created, and the application decides about the client.
  MadeSocket make_socket(const std::string& name_space, Client& client, engine::Session& session,
                         ReceivedValue& payload);
  // The socket's session has ended; its client may be recovered.
  void park(std::unique_ptr<Socket> socket);
  // May also remove the socket's namespace.
  void destroy(std::unique_ptr<Socket> socket);
  // The same for a socket that the application knows: handlers can still query its rooms.
  void depart(std::unique_ptr<Socket> socket);
  void session_closed(const engine::Session& session);
  void session_destroyed(SessionId session) { sessions_.erase(session); }
  void wait_for_drain(Client& client) { waiting_for_drain_.push_back(&client); }
  void stop_waiting_for_drain(Client& client);
  // advance() is called for each of these clients, once, as long as it is watched.
  void watch_stuck(Client& client) { stuck_.push_back(&client); }
  void unwatch_stuck(Client& client) { std::erase(stuck_, &client); }

 private:
  // Also finds parked sockets, and recovered ones by their former ids.
  Socket* find(SocketId id) const;
  std::vector<SocketId> find_sockets(const std::string& name_space, const BroadcastTarget& target);
  Namespace* find_namespace(std::string_view name);
  // Null if it does not exist, or if there are too many dynamic namespaces.
  Namespace* enter_namespace(std::string_view name);
  // A socket has left the namespace, which may be empty now.
  void left_namespace(Namespace& name_space);
  // Only a socket that has a session and that currently has this id.
  Socket* find_attached(SocketId id) const;
  // Null: the client can't be recovered. May destroy other sockets and namespaces.
  std::unique_ptr<Socket> recover(const std::string& name_space, const RecoveryRequest& request);
  // Gives up parked sockets above the limits.
  void give_up_excess();
  void give_up(std::vector<std::unique_ptr<Socket>> parked);
  void give_up(std::unique_ptr<Socket> parked);
  void join_disconnected(const SocketJoin& command);
  void add_namespace(std::string name);
  Namespace& make_namespace(std::string name, Lifetime lifetime);

  const Config& config_;
  EventSink& events_;
  const Logger& logger_;
  Limits& limits_;
  const std::unique_ptr<const parser::Codec> codec_;
  std::unordered_map<std::string, std::unique_ptr<Namespace>> namespaces_;
  std::unordered_map<RelaysId, std::shared_ptr<const Relays>> relays_;
  std::unordered_map<SocketId, Socket*> sockets_;
  // The rooms of disconnected sockets, until the application releases them.
  std::unordered_map<SocketId, std::set<std::string>> departed_;
  std::unordered_map<SessionId, const engine::Session*> sessions_;
  std::unordered_map<SessionId, SessionStatus> closed_sessions_;  // until they are released
  // By name, because namespaces may be destroyed and created again meanwhile.
  std::unordered_map<std::string, std::vector<RoomChange>> room_changes_;
  EventEncoder encoder_;
  std::optional<Recovery> recovery_;  // if it is enabled
  OtherServers* others_ = nullptr;    // or null
  std::vector<Client*> waiting_for_drain_;
  std::vector<Client*> stuck_;
  bool serves_dynamic_namespaces_ = false;
  std::size_t dynamic_namespaces_ = 0;
  std::uint64_t last_socket_id_ = 0;
};

}  // namespace sioserve::socketio
