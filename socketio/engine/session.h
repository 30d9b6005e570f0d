// One Engine.IO session (protocol 4, or 3 where that is allowed) as a state machine without I/O.
//
// State: open -> [closing ->] closed. An open session uses polling (at most one GET and one POST at
// a time) or a WebSocket as its transport. A session on polling may also have a probing WebSocket:
//
//   attached --2probe/3probe--> probed --5--> the WebSocket is the transport
//       \________ anything else, or upgrade_timeout: polling continues ________/
//
// While probed, a waiting GET is answered with a noop, so that the client can stop polling; packets
// that are sent meanwhile use polling until the 5 arrives. `closing`: the server has closed the
// session and waits for a GET that it can answer with the close packet, or for the end of an
// upgrade, because a client that upgrades does not poll. Packets from the client are dropped then.
//
// server/transport attaches requests and WebSockets and owns the session; it destroys it some time
// after SessionHost::session_ended(), never from within. Socket.IO, the layer above, is the
// SessionObserver. A client that exceeds its rate of packets or bytes is not read for a while; nor
// is a client when the layer above pauses reading. Its pong may be in the input that is not read,
// so the deadline for it does not run meanwhile. A disconnect is noticed anyway: the client stops
// polling, or its WebSocket calls peer_ended(). If its last input can't be read in time, it is
// dropped. SlowConsumer defines what happens to a client that reads more slowly than messages are
// sent to it.
//
// send() never closes the session immediately: a slow consumer is closed from the next on_timer(),
// so a broadcast can iterate safely. Does not know Socket.IO packets, HTTP or paths.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/bytes.h"
#include "server/base/clock.h"
#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/base/token_bucket.h"
#include "server/port/ids.h"
#include "server/port/session_status.h"
#include "socketio/engine/close_reason.h"
#include "socketio/engine/framing.h"
#include "socketio/engine/outbox.h"
#include "socketio/engine/packet.h"
#include "socketio/engine/queued_total.h"
#include "socketio/engine/traffic.h"
#include "socketio/engine/transports.h"
#include "socketio/limits/limits.h"

namespace sioserve::engine {

class Session;

// The layer above. It may call all functions of the session from within.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  // The session has started.
  virtual void on_open() {}
  virtual void on_text(std::string_view message) = 0;
  virtual void on_binary(std::string message) = 0;
  // A ping is sent that the client gets after all packets that were sent to it so far.
  virtual void on_ping() {}
  virtual void on_pong() {}
  // The transport is now a WebSocket.
  virtual void on_upgrade() {}
  // The client has disconnected; its last packets may not have been read yet.
  virtual void on_peer_ended() {}
  // Whether something of what came may still be answered. If so, the layer above calls
  // answers_given() when it is not so any more.
  virtual bool awaits_answers() const { return false; }
  // Nothing that was sent waits any longer. Comes after the transport has taken something.
  virtual void on_drain() {}
  // The last callback.
  virtual void on_closed(CloseReason reason) = 0;
};

// The owner.
class SessionHost {
 public:
  virtual TimePoint now() const = 0;
  // Call on_timer() at `deadline` or soon after; replaces the previous deadline.
  virtual void schedule(Session& session, TimePoint deadline) = 0;
  // No transport is attached any more, and the sid is invalid.
  virtual void session_ended(Session& session) = 0;
  // The total of all sessions; outlives them.
  virtual QueuedTotal& queued_total() = 0;

 protected:
  ~SessionHost() = default;
};

class Session {
 public:
  // `config` and the others outlive the session.
  Session(SessionId id, std::string sid, const Framing& framing, const Config& config,
          SessionHost& host, const Logger& logger, Limits& limits);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  SessionId id() const { return id_; }
  const std::string& sid() const { return sid_; }
  Protocol protocol() const { return framing_.protocol(); }
  bool is_open() const { return state_ == State::open; }
  bool is_polling() const { return websocket_ == nullptr; }
  bool is_upgrading() const { return probe_ != nullptr; }
  bool has_upgraded() const { return upgraded_; }
  // The client broke the WebSocket protocol, and is closed when answers are given.
  bool has_fault() const { return fault_.has_value(); }
  const SessionStatus& status() const { return status_; }

  // The first call, once.
  void start(std::unique_ptr<SessionObserver> observer);

  // --- for the layer above ---

  // A text message starts with packet type 4; attachments are binary. `treatment.importance` is
  // used if the oldest messages of slow clients are dropped.
  void send(MessageKind kind, const SharedBytes& message, std::span<const SharedBytes> attachments,
            Treatment treatment);
  // Nothing is queued for the client, and a transport takes new packets immediately.
  bool is_writable() const;
  // Queued packets are still sent.
  void close(CloseReason reason);
  // Makes the client send a pong soon, which shows what it has received.
  void ask_for_pong();
  // Stops reading from the client. The rest of a POST body that is being read stays unread.
  void pause_reading();
  void resume_reading();
  // Stops reading until that time, independently of pause_reading().
  void throttle_until(TimePoint until);
  TimePoint now() const { return host_.now(); }
  // The session is closed if it joins no namespace in time.
  void start_connect_timeout();
  void stop_connect_timeout();
  // Closes the session soon, from on_timer(), because its client is too slow. The queued messages
  // are dropped immediately.
  void drop_slow_consumer(Limit limit);
  // The layer above keeps `now` instead of `before` bytes that it can't send yet. They count as
  // queued for the client.
  void change_kept(std::size_t before, std::size_t now);
  // Nothing is left of what the layer above had to answer.
  void answers_given();
  // The bytes queued for the client, as QueuedTotal counts them.
  std::size_t queued_bytes() const { return queued_bytes_; }

  // --- for the transports ---

  // The open packet, for a handshake on polling.
  std::string open_packet() const;
  Payload open_payload() const;
  // The handshake's WebSocket; sends the open packet.
  void open_websocket(WebSocketTransport& websocket);

  void start_poll(PollRequest& poll);
  void abort_poll(PollRequest& poll);
  // Answers the GET that waits, if there is one, with a noop: the client polls again.
  void release_poll() {
    if (poll_ != nullptr) answer_poll_with(PacketType::noop);
  }

  // A POST is announced when its head arrives. False: it was refused and released.
  bool start_post(PostRequest& post);
  bool takes_body(MessageKind kind) const { return framing_.takes_body(kind); }
  void receive_post(PostRequest& post, MessageKind kind, std::string body);
  // The client aborted it.
  void abort_post(PostRequest& post);
  // The transport has answered it without reading it.
  void release_post(PostRequest& post);
  // Closes the session: the body has a content type that cannot contain packets.
  void refuse_post(PostRequest& post);

  // Only while is_open(), is_polling() and not is_upgrading().
  void start_probe(WebSocketTransport& probe);

  void receive_websocket(WebSocketTransport& websocket, MessageKind kind, std::string message);
  // The peer broke the protocol, and the transport reads no more. True: the session closes the
  // WebSocket when the layer above has answered what came before; false: it may be closed at once.
  // websocket_closed() follows in any case.
  bool peer_faulted(WebSocketTransport& websocket, CloseReason reason);
  void drain_websocket(WebSocketTransport& websocket);
  // The client has closed the connection, but its last messages are not read yet, because reading
  // is paused. websocket_closed() follows when all of them have been read.
  void peer_ended(WebSocketTransport& websocket);
  void websocket_closed(WebSocketTransport& websocket);

  // --- for the owner ---

  void on_timer();
  // Whether a deadline has passed before on_timer() was called.
  bool is_due() const { return scheduled_ <= host_.now(); }
  // The server stops: hands a part of the queued messages to the WebSocket, whatever waits in it.
  enum class Queued { some, none };
  Queued send_part();
  // At once, as far as the transports allow: the server stops.
  void shut_down();
  // The same, because the Python process that served it has died: the client shall come back.
  void process_lost();

 private:
  static constexpr TimePoint never = TimePoint::max();

  enum class State { open, closing, closed };
  enum class Probe { none, attached, probed };

  void receive(Received received);
  void receive_packet(Packet packet);
  void receive_pong();
  void extend_pong_deadline();
  void receive_ping();
  // Counts a packet for the rates, and throttles the client if it exceeds one.
  void spend(std::size_t bytes);
  bool reading_stopped() const { return reading_paused_ || throttled_until_ != TimePoint::max(); }
  void stop_reading();
  void continue_reading();
  void enforce_limit();
  // A message over max_payload.
  void receive_oversized(WebSocketTransport& websocket);
  void receive_probe(MessageKind kind, std::string_view message);
  void read_payload();
  void upgrade();
  void drop_probe();
  void flush();
  void count_queued();
  void send_units(WebSocketTransport& websocket, std::size_t limit);
  void send_unit(WebSocketTransport& websocket);
  void send_packet(PacketType type);
  // A packet of the session's own would go out ahead of messages: on a WebSocket ahead of what is
  // queued, with polling ahead of more than one answer holds, so that pings come in time.
  bool overtakes() const;
  Payload take_payload();
  void answer_poll(Payload payload);
  void answer_poll_with(PacketType type);
  void send_on(WebSocketTransport& websocket, MessageKind kind, const SharedBytes& bytes,
               Compression compression);
  void finish_post(HttpOutcome outcome);
  // The last packet for a waiting GET when the session ends.
  PacketType last_of_poll(CloseReason reason) const;
  void release_transports(CloseReason reason);
  void end(CloseReason reason);
  void start_heartbeat();
  TimePoint heartbeat_deadline(TimePoint start) const;
  void ping(TimePoint due);
  void send_keepalive();
  bool stopped_polling() const;
  Milliseconds keepalive_interval() const;
  void note_latency();
  std::string name() const;
  void arm();

  const SessionId id_;
  const std::string sid_;
  const Framing& framing_;
  const Config& config_;
  SessionHost& host_;
  const Logger& logger_;
  Limits& limits_;
  SessionStatus status_;
  std::unique_ptr<SessionObserver> observer_;
  Traffic traffic_;

  State state_ = State::open;
  Outbox outbox_;
  QueuedTotal& queued_total_;
  std::size_t queued_bytes_ = 0;
  std::size_t kept_bytes_ = 0;  // bytes that the layer above keeps
  PollRequest* poll_ = nullptr;
  PostRequest* post_ = nullptr;
  std::unique_ptr<PacketSource> payload_;  // of post_, not completely read
  WebSocketTransport* websocket_ = nullptr;
  WebSocketTransport* probe_ = nullptr;
  Probe probe_state_ = Probe::none;
  TokenBucket packet_budget_;    // packets that may be read
  TokenBucket byte_budget_;      // bytes that may be read
  bool over_rate_ = false;       // since a bucket was full
  bool lags_ = false;            // since the outbox was empty
  bool reading_paused_ = false;  // by the layer above
  bool reading_payload_ = false;
  bool awaits_pong_ = false;
  bool pong_prolonged_ = false;
  std::optional<CloseReason> fault_;  // of the WebSocket's peer
  bool upgraded_ = false;
  bool overflowed_ = false;

  std::size_t unanswered_pings_ = 0;
  TimePoint ping_sent_{};  // of the latest ping
  TimePoint last_poll_{};  // when the latest GET began or ended
  // TimePoint::max(): not running.
  TimePoint throttled_until_ = TimePoint::max();  // reading is stopped until then
  TimePoint ping_due_ = TimePoint::max();
  TimePoint keepalive_due_ = TimePoint::max();  // for a client whose pong may be unread
  TimePoint pong_deadline_ = TimePoint::max();
  TimePoint noop_due_ = TimePoint::max();
  TimePoint upgrade_deadline_ = TimePoint::max();
  TimePoint connect_deadline_ = TimePoint::max();
  TimePoint linger_deadline_ = TimePoint::max();
  TimePoint last_input_deadline_ = TimePoint::max();  // for the last input of a disconnected client
  TimePoint scheduled_ = TimePoint::max();            // the deadline that was passed to the host
};

}  // namespace sioserve::engine
