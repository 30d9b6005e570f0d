// Several Python processes and their clients, in memory and from one seed: processes answer late,
// stall, retire, die and come back at any point. A model of the clients checks what each of them
// sees.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/port/channel.h"
#include "server/processes/distributor.h"
#include "tests/unit/port/port_forms.h"

namespace sioserve::processes {
namespace {

constexpr std::size_t max_bytes = 20'000;

// How an application treats a request, by its number.
enum class Handling { fails, answers_early, answers_at_end, answers_parts };

Handling handling_of(StreamId stream) {
  return static_cast<Handling>(static_cast<std::uint64_t>(stream) % 4);
}

// Or a WebSocket.
enum class Talk { denies, closes_after_three, talks, talks_on };

Talk talk_of(StreamId stream) { return static_cast<Talk>(static_cast<std::uint64_t>(stream) % 4); }

// A Python process whose application answers every request, in its own way, every message of a
// WebSocket with the same, and every event of a socket with an acknowledgement.
class Python {
 public:
  // Handles some of what has arrived.
  void run(std::mt19937& random) {
    if (next_ == events_.size()) {
      next_ = 0;
      if (queue_.take(events_) == port::EventQueue::State::full) end.events_taken();
    }
    for (std::size_t steps = random() % 20; steps > 0 && next_ < events_.size(); --steps) {
      handle(events_[next_++]);
    }
  }

  std::size_t stalled = 0;  // turns for which it neither reads nor runs

 private:
  void handle(const Event& event) {
    if (const auto* request = get_message<HttpRequest>(event)) {
      handle(*request);
    } else if (const auto* body = get_message<HttpBody>(event)) {
      take_body(body->stream, body->body, body->more_body);
    } else if (const auto* left = get_message<HttpDisconnect>(event)) {
      bodies_.erase(left->stream);
    } else if (const auto* connect = get_message<WebSocketConnect>(event)) {
      handle(*connect);
    } else if (const auto* message = get_message<WebSocketMessage>(event)) {
      handle(*message);
    } else if (const auto* socket = get_message<SocketConnect>(event)) {
      commands_.push(SocketAccept{socket->socket});
      commands_.push(KeepSession{socket->session, "state"});
      commands_.push(KeepSocket{socket->socket, "state"});
    } else if (const auto* asked = get_message<SessionMoveAsked>(event)) {
      commands_.push(LetSessionGo{asked->session});
    } else if (const auto* received = get_message<SocketEvent>(event)) {
      commands_.push(SocketAck{received->socket, *received->ack_id, {received->args.payload, {}}});
      commands_.push(SocketEventsDone{received->socket, 1});
    } else if (const auto* gone = get_message<SocketDisconnect>(event)) {
      commands_.push(SocketReleased{gone->socket});
    } else if (const auto* closed = get_message<SessionClosed>(event)) {
      commands_.push(SessionReleased{closed->session});
    }
  }

  void handle(const HttpRequest& request) {
    switch (handling_of(request.stream)) {
      case Handling::fails:
        commands_.push(HttpFail{request.stream});
        return;
      case Handling::answers_early:
        commands_.push(HttpEarlyHints{request.stream, {"</a>"}});
        commands_.push(HttpRespond{request.stream, ResponseHead{200, {}}, "", false});
        return;
      case Handling::answers_at_end:
        break;
      case Handling::answers_parts:
        commands_.push(HttpRespond{request.stream, ResponseHead{200, {}}, "", true});
        break;
    }
    bodies_[request.stream] = 0;
    take_body(request.stream, request.body, request.more_body);
  }

  void take_body(StreamId stream, const std::string& body, bool more) {
    const auto found = bodies_.find(stream);
    if (found == bodies_.end()) return;
    if (!body.empty()) ++found->second;
    if (handling_of(stream) == Handling::answers_parts) {
      if (!body.empty()) commands_.push(HttpRespond{stream, std::nullopt, body, true});
      if (!more) commands_.push(HttpTrailers{stream, {}});
    } else if (!more) {
      commands_.push(
          HttpRespond{stream, ResponseHead{200, {}}, std::to_string(found->second), false});
    }
    if (!more) bodies_.erase(found);
  }

  void handle(const WebSocketConnect& connect) {
    if (talk_of(connect.stream) == Talk::denies) {
      commands_.push(WebSocketDeny{connect.stream, ResponseHead{401, {}}, "no", false});
    } else {
      commands_.push(WebSocketAccept{connect.stream, "", {}});
    }
  }

  void handle(const WebSocketMessage& message) {
    if (talk_of(message.stream) == Talk::denies) return;
    const bool closes = talk_of(message.stream) == Talk::closes_after_three;
    const std::uint64_t number = std::stoull(message.payload);
    if (closes && number > 3) return;
    commands_.push(WebSocketSend{message.stream, message.kind, message.payload});
    if (closes && number == 3) commands_.push(WebSocketClose{message.stream, 1000, ""});
  }

  std::map<StreamId, std::uint64_t> bodies_;  // parts of those that are not complete
  port::EventQueue queue_{{50, max_bytes}, [] {}};
  port::CommandQueue commands_{0, [] {}};
  port::Answers answers_;
  std::vector<Event> events_;
  std::size_t next_ = 0;

 public:
  port::PythonEnd end{queue_, commands_, answers_};
};

// The I/O process, and its clients.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void run(int turns) {
    for (int i = 0; i < 3; ++i) start_process();
    for (int turn = 0; turn < turns; ++turn) {
      act();
      carry();
    }
    settle();
  }

  std::size_t answered = 0, lost = 0, refused = 0, echoed = 0, acknowledged = 0, deaths = 0,
              moves = 0, uploaded = 0, left = 0, failed = 0, closed = 0, denied = 0;

 private:
  struct Link {
    Python python;
    port::IoEnd io{max_bytes};
    port::Pipe to_python{5'000};
    port::Pipe to_io{5'000};
  };
  struct Request {
    std::uint64_t sent = 0;  // parts of the body
    bool complete = false;
    bool started = false;        // the response
    std::uint64_t answered = 0;  // parts of its body
  };
  struct WebSocket {
    std::uint64_t sent = 0, echoed = 0;
  };
  struct Session {
    SocketId socket;
    std::uint64_t sent = 0, acknowledged = 0, latest = 0;
    std::uint64_t lost = 0;  // at most, with processes that died
  };

  std::size_t below(std::size_t bound) { return random_() % bound; }

  template <typename Map>
  auto pick(Map& map) {
    auto found = map.begin();
    std::advance(found, static_cast<std::ptrdiff_t>(below(map.size())));
    return found;
  }

  void start_process() {
    const ProcessId id{++last_process_};
    links_.emplace(id, std::make_unique<Link>());
    distributor_.add(id);
  }

  void push(Event event) { distributor_.route(std::move(event)); }

  void send(ProcessId process, const Event& event) {
    ASSERT_TRUE(links_.contains(process)) << "an event for a process that has died";
    links_.at(process)->io.push(event);
    if (get_message<SessionMoved>(event) != nullptr) ++moves;
  }

  // Whether the socket of a client is read now.
  bool reads(StreamId stream) const {
    const auto found = links_.find(distributor_.owner_of(stream));
    return (found == links_.end() || !found->second->io.full()) && !distributor_.holds_back(stream);
  }

  void act() {
    switch (below(16)) {
      case 0:
        if (links_.size() > 1 || (!links_.empty() && below(4) == 0)) kill_one();
        break;
      case 1:
        if (links_.size() < 4) start_process();
        break;
      case 2:
        if (!links_.empty()) pick(links_)->second->python.stalled = below(30);
        break;
      case 3:
        open_websocket();
        break;
      case 4:
        if (!websockets_.empty()) close_websocket(pick(websockets_)->first);
        break;
      case 5:
        open_session();
        break;
      case 6:
        if (!sessions_.empty()) close_session(pick(sessions_)->first);
        break;
      case 7:
        if (!links_.empty()) retire_one();
        break;
      case 8:
      case 9:
        for (std::size_t i = below(5); i > 0; --i) send_messages();
        break;
      case 10:
      case 11:
        if (!requests_.empty()) upload(*pick(requests_));
        break;
      case 12:
        if (!requests_.empty()) leave(pick(requests_)->first);
        break;
      default:
        for (std::size_t i = below(5); i > 0; --i) request();
    }
  }

  // The next part of the request's body, perhaps the last one.
  void upload(std::pair<const StreamId, Request>& entry) {
    auto& [stream, request] = entry;
    if (request.complete || !reads(stream)) return;
    request.complete = below(3) == 0;
    ++request.sent;
    ++uploaded;
    push(HttpBody{stream, std::to_string(request.sent) + std::string(below(500), ' '),
                  !request.complete});
  }

  // The client disconnects before it has the response.
  void leave(StreamId stream) {
    ++left;
    requests_.erase(stream);
    left_.insert(stream);
    push(HttpDisconnect{stream});
  }

  void request() {
    const StreamId stream = distributor_.next_request();
    const bool has_body = below(2) == 0;
    requests_[stream].complete = !has_body;
    push(HttpRequest{stream, std::make_shared<const RequestHead>(),
                     std::make_shared<const Endpoints>(), "", has_body});
  }

  void open_websocket() {
    const StreamId stream = distributor_.next_websocket();
    websockets_.emplace(stream, WebSocket{});
    push(WebSocketConnect{
        stream, std::make_shared<const RequestHead>(), std::make_shared<const Endpoints>(), {}});
  }

  void close_websocket(StreamId stream) {
    websockets_.erase(stream);
    push(WebSocketDisconnect{stream, 1000, ""});
  }

  void open_session() {
    const SessionId session = distributor_.next_session();
    const SocketId socket{++last_socket_};
    sessions_.emplace(session, Session{socket});
    session_of_[socket] = session;
    push(SessionOpened{session, std::make_shared<RequestHead>(), std::make_shared<Endpoints>()});
    push(SocketConnect{socket, session, "id", "/", {}});
  }

  void close_session(SessionId session) {
    const SocketId socket = sessions_.at(session).socket;
    sessions_.erase(session);
    session_of_.erase(socket);
    unreleased_sockets_.insert(socket);
    push(SocketDisconnect{socket, "a", "b"});
    unreleased_sessions_.insert(session);
    push(SessionClosed{session, {}});
  }

  void send_messages() {
    if (!websockets_.empty()) {
      const auto [stream, websocket] = *pick(websockets_);
      if (reads(stream)) {
        const std::string number = std::to_string(++websockets_[stream].sent);
        push(WebSocketMessage{stream, MessageKind::text, number + std::string(below(500), ' ')});
      }
    }
    if (!sessions_.empty()) {
      const auto [id, session] = *pick(sessions_);
      if (reads(id)) {
        const std::uint64_t number = ++sessions_[id].sent;
        push(SocketEvent{session.socket, {PayloadFormat::json, "[]"}, number});
      }
    }
  }

  // One process at least is left to take the sessions.
  void retire_one() {
    const auto retired = pick(links_)->first;
    std::size_t others = 0;
    for (const auto& [id, link] : links_) {
      others += id != retired && !distributor_.status_of(id).is_retiring ? 1 : 0;
    }
    if (others > 0) distributor_.retire({retired}, MoveReason::reload);
  }

  void end_done_ones() {
    for (auto link = links_.begin(); link != links_.end();) {
      if (distributor_.is_done(link->first)) {
        distributor_.remove(link->first);
        link = links_.erase(link);
      } else {
        ++link;
      }
    }
  }

  void kill_one() {
    const auto died = pick(links_);
    ++deaths;
    distributor_.remove(died->first);
    links_.erase(died);
  }

  // One turn of all processes and of their channels.
  void carry() {
    do_duties();
    for (auto& [id, link] : links_) {
      EXPECT_LE(link->io.output().size(), 3 * max_bytes) << "the unsent output is limited";
      link->to_python.fill_from(link->io.output());
      link->io.has_become_free();
      Python& python = link->python;
      if (python.stalled > 0) {
        --python.stalled;
        continue;
      }
      if (python.end.wants_input()) {
        ASSERT_FALSE(python.end.receive(link->to_python.take_bytes()));
      }
      python.run(random_);
      python.end.fill_output();
      link->to_io.fill_from(python.end.output());
      link->io.receive(link->to_io.take_bytes(), {});
      for (std::size_t most = below(20); most > 0; --most) {
        auto command = link->io.next_command();
        ASSERT_TRUE(command);
        if (!*command) break;
        if (distributor_.admit(id, **command)) carry_out(id, **command);
      }
    }
    do_duties();
    end_done_ones();
  }

  void carry_out(ProcessId from, const Command& command) {
    if (const auto* respond = get_message<HttpRespond>(command)) {
      EXPECT_EQ(process_of(respond->stream), from);
      if (!left_.contains(respond->stream)) take_response(*respond);
    } else if (const auto* trailers = get_message<HttpTrailers>(command)) {
      if (!left_.contains(trailers->stream)) end_response(trailers->stream);
    } else if (const auto* fail = get_message<HttpFail>(command)) {
      if (left_.contains(fail->stream)) return;
      EXPECT_EQ(handling_of(fail->stream), Handling::fails);
      EXPECT_EQ(requests_.erase(fail->stream), 1U) << "a request fails once";
      ++failed;
    } else if (const auto* close = get_message<WebSocketClose>(command)) {
      if (!websockets_.contains(close->stream)) return;
      EXPECT_EQ(websockets_.at(close->stream).echoed, 3U);
      close_websocket(close->stream);
      ++closed;
    } else if (const auto* deny = get_message<WebSocketDeny>(command)) {
      if (!websockets_.contains(deny->stream)) return;
      EXPECT_EQ(talk_of(deny->stream), Talk::denies);
      close_websocket(deny->stream);
      ++denied;
    } else if (const auto* send = get_message<WebSocketSend>(command)) {
      const auto found = websockets_.find(send->stream);
      if (found == websockets_.end()) return;
      EXPECT_EQ(std::stoull(send->payload), ++found->second.echoed) << "in order, none missing";
      ++echoed;
    } else if (const auto* ack = get_message<SocketAck>(command)) {
      const auto session = session_of_.find(ack->socket);
      if (session == session_of_.end()) return;
      Session& model = sessions_.at(session->second);
      ++model.acknowledged;
      EXPECT_GT(ack->ack_id, model.latest) << "in order, none twice";
      EXPECT_TRUE(model.lost > 0 || ack->ack_id == model.latest + 1) << "none missing";
      model.latest = ack->ack_id;
      ++acknowledged;
    } else if (const auto* done = get_message<SocketEventsDone>(command)) {
      const auto session = session_of_.find(done->socket);
      if (from == no_process && session != session_of_.end()) {
        sessions_.at(session->second).lost += done->count;
      }
    } else if (const auto* socket = get_message<SocketReleased>(command)) {
      EXPECT_EQ(unreleased_sockets_.erase(socket->socket), 1U) << "a socket is released once";
    } else if (const auto* released = get_message<SessionReleased>(command)) {
      EXPECT_EQ(unreleased_sessions_.erase(released->session), 1U);
    }
  }

  void take_response(const HttpRespond& respond) {
    const auto found = requests_.find(respond.stream);
    ASSERT_NE(found, requests_.end()) << "a request is answered once";
    Request& request = found->second;
    EXPECT_NE(request.started, respond.head.has_value()) << "a response begins once, and first";
    request.started = true;
    switch (handling_of(respond.stream)) {
      case Handling::fails:
        FAIL() << "it does not answer";
      case Handling::answers_early:
        break;
      case Handling::answers_at_end:
        request.answered = std::stoull(respond.body);
        break;
      case Handling::answers_parts:
        if (respond.body.empty()) break;
        EXPECT_EQ(std::stoull(respond.body), ++request.answered) << "in order, none missing";
        break;
    }
    if (!respond.more_body) end_response(respond.stream);
  }

  void end_response(StreamId stream) {
    const auto found = requests_.find(stream);
    ASSERT_NE(found, requests_.end()) << "a response ends once";
    EXPECT_TRUE(found->second.started);
    if (handling_of(stream) != Handling::answers_early) {
      EXPECT_TRUE(found->second.complete);
      EXPECT_EQ(found->second.answered, found->second.sent) << "the whole body has arrived";
    }
    requests_.erase(found);
    ++answered;
  }

  void do_duties() {
    for (auto duties = distributor_.take_duties(); !duties.empty();
         duties = distributor_.take_duties()) {
      for (const Command& command : duties.commands) carry_out(no_process, command);
      for (const StreamId stream : duties.lost_streams) {
        if (requests_.erase(stream) == 1) {
          ++lost;
        } else {
          ASSERT_TRUE(websockets_.contains(stream)) << "a stream is lost once";
          close_websocket(stream);
        }
      }
      for (const StreamId stream : duties.refused_streams) {
        if (requests_.erase(stream) == 1) {
          ++refused;
        } else {
          close_websocket(stream);
        }
      }
      for (const SessionId session : duties.lost_sessions) {
        if (sessions_.contains(session)) close_session(session);
      }
    }
  }

  void settle() {
    start_process();  // the others may all be retired
    const auto is_quiet = [this] {
      for (const auto& [stream, websocket] : websockets_) {
        if (websocket.echoed != websocket.sent) return false;
      }
      for (const auto& [id, session] : sessions_) {
        if (session.acknowledged + session.lost < session.sent) return false;
      }
      return requests_.empty() && unreleased_sockets_.empty() && unreleased_sessions_.empty();
    };
    for (int turn = 0; turn < 100'000 && !is_quiet(); ++turn) {
      for (auto& request : requests_) upload(request);
      carry();
    }
    EXPECT_TRUE(is_quiet()) << "every client gets what it waits for";
    for (auto& [id, link] : links_) EXPECT_EQ(distributor_.status_of(id).requests, 0U);
  }

  std::mt19937 random_;
  Distributor distributor_{[this](ProcessId process, const Event& event) { send(process, event); }};
  std::map<ProcessId, std::unique_ptr<Link>> links_;
  std::map<StreamId, Request> requests_;  // not answered
  std::set<StreamId> left_;               // requests whose clients have disconnected
  std::map<StreamId, WebSocket> websockets_;
  std::map<SessionId, Session> sessions_;
  std::map<SocketId, SessionId> session_of_;
  std::set<SocketId> unreleased_sockets_;
  std::set<SessionId> unreleased_sessions_;
  std::uint32_t last_process_ = 0;
  std::uint64_t last_socket_ = 0;
};

TEST(Simulation, NoClientIsLeftWaitingWhateverProcessesDo) {
  const char* const chosen = std::getenv("SIMULATION_SEED");
  const unsigned first = chosen != nullptr
                             ? static_cast<unsigned>(std::strtoul(chosen, nullptr, 10))
                             : std::random_device{}();
  std::size_t answered = 0, lost = 0, refused = 0, echoed = 0, acknowledged = 0, moves = 0,
              uploaded = 0, left = 0, failed = 0, closed = 0, denied = 0;
  for (unsigned seed = first; seed < first + 30; ++seed) {
    SCOPED_TRACE("SIMULATION_SEED=" + std::to_string(seed));
    World world(seed);
    world.run(1'000);
    if (HasFailure()) return;
    answered += world.answered;
    lost += world.lost;
    refused += world.refused;
    echoed += world.echoed;
    acknowledged += world.acknowledged;
    moves += world.moves;
    uploaded += world.uploaded;
    left += world.left;
    failed += world.failed;
    closed += world.closed;
    denied += world.denied;
  }
  EXPECT_GT(answered, 1'000U);
  EXPECT_GT(lost, 10U);
  EXPECT_GT(refused, 0U);
  EXPECT_GT(echoed, 1'000U);
  EXPECT_GT(acknowledged, 1'000U);
  EXPECT_GT(moves, 100U);
  EXPECT_GT(uploaded, 100U);
  EXPECT_GT(left, 100U);
  EXPECT_GT(failed, 100U);
  EXPECT_GT(closed, 10U);
  EXPECT_GT(denied, 10U);
}

}  // namespace
}  // namespace sioserve::processes
