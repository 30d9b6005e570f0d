// The Socket.IO side of one Engine.IO session (protocol 5): decodes its packets, and owns its
// sockets, one per namespace. A violation of the protocol closes the session.
//
// Reading stops while too many of the session's events are in flight. But a handler may wait for an
// acknowledgement or for the disconnect, which come after these events. So while one of them is
// expected, reading continues, up to max_read_ahead. If that is not enough and no event is handled
// for a ping_timeout, the pending acknowledgements fail, so that the handler ends. The order of
// events never changes, because they are only passed on to the application.
//
// Packets for a namespace whose CONNECT the application has not answered are held, and count as in
// flight. They are handled when the client is accepted, and dropped when it is refused. If the
// client disconnects first, its events are passed to the application, whose connect() may still
// accept it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/clock.h"
#include "server/port/messages.h"
#include "socketio/engine/session.h"
#include "socketio/parser/codec.h"
#include "socketio/server/socket.h"

namespace sioserve::socketio {

class Server;

class Client final : public engine::SessionObserver {
 public:
  // `opened`: the event to push before the first CONNECT; nullopt if the application already knows
  // the session.
  Client(Server& server, engine::Session& session, std::optional<SessionOpened> opened);
  ~Client() override;

  void on_open() override;
  void on_text(std::string_view message) override;
  void on_binary(std::string message) override;
  void on_ping() override;
  void on_pong() override;
  void on_upgrade() override;
  void on_peer_ended() override;
  bool awaits_answers() const override;
  void on_drain() override;
  void on_closed(engine::CloseReason reason) override;

  // `relays` may be null.
  void accept(Socket& socket, std::shared_ptr<const Relays> relays);
  void refuse(Socket& socket, const std::string& payload);
  // Sends DISCONNECT. `socket` is destroyed unless it is pending.
  void disconnect(Socket& socket);
  // Disconnects all sockets, then ends the session.
  void close();
  // Ends the session: its client has been recovered on another one.
  void replace() { session_.close(engine::CloseReason::replaced); }
  // From now on this signal is reported to the application.
  void watch(SessionSignal signal);
  void events_done(Socket& socket, std::size_t count);
  void app_queue_drained();
  // Call it when an acknowledgement becomes pending, or when the application has taken events.
  void check_load();
  // Call it about every 20 ms, for clients that were passed to Server::watch_stuck().
  void advance(TimePoint now);

 private:
  using DecodeResult = Result<std::optional<parser::Packet>, parser::DecodeError>;

  void receive(DecodeResult decoded);
  void count(parser::DecodeError error);
  void receive(parser::Packet packet, std::size_t bytes);
  // Keeps a packet until the application has answered the CONNECT.
  void hold(Socket& socket, parser::Packet packet, std::size_t bytes);
  // The packets are no longer in flight.
  std::vector<Socket::HeldPacket> take_held(Socket& socket);
  void receive_held_packets(Socket& socket);
  void add_in_flight(Socket& socket, std::size_t bytes);
  void receive_event(Socket& socket, parser::Packet packet, std::size_t bytes);
  void forget_in_flight(InFlight::Amount amount);
  void forward(Socket& socket, const Relay& relay, parser::Packet packet);
  std::size_t forward(Socket& socket, const Relay& relay, const parser::EncodedPacket& packet);
  void forward_to_others(Socket& socket, const Relay& relay, const EncodedArgs& args);
  void connect(std::string name_space, parser::Packet packet);
  // A CONNECT for which no socket was created.
  void refuse(std::string_view name_space, std::string_view payload);
  std::string log_name() const;
  void receive_ack(Socket& socket, parser::Packet packet);
  // Destroys the socket and reports its disconnect.
  void remove(Socket& socket, engine::CloseReason reason);
  void erase(Socket& socket);
  std::unique_ptr<Socket> release(Socket& socket);
  bool has_too_many_events() const;
  bool has_pending_ack() const;
  bool reads_ahead() const;
  void count_read(std::size_t bytes);
  void set_stuck(std::optional<TimePoint> since);

  Server& server_;
  engine::Session& session_;
  const std::unique_ptr<parser::Decoder> decoder_;
  std::unique_ptr<SessionOpened> opened_;  // not reported yet
  bool known_to_application_;
  bool waits_for_drain_ = false;
  bool watches_upgrade_ = false;
  bool watches_drain_ = false;
  bool peer_ended_ = false;
  bool receiving_held_ = false;
  // Of all sockets.
  std::size_t events_in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  std::size_t packet_bytes_ = 0;  // received for the incomplete packet
  std::size_t read_ahead_ = 0;    // bytes of messages, since too many events were in flight
  // Since when no event is handled, while acknowledgements are pending that can't be read.
  std::optional<TimePoint> stuck_since_;
  std::map<std::string, std::unique_ptr<Socket>, std::less<>> sockets_;
};

}  // namespace sioserve::socketio
