#include "tests/fuzz/session_world.h"

#include <algorithm>
#include <utility>

#include "socketio/engine/packet.h"
#include "tests/fuzz/target.h"

namespace sioserve::fuzz {

using engine::CloseReason;
using engine::HttpOutcome;

// The application: carries out the actions in messages.
class Observer final : public engine::SessionObserver {
 public:
  explicit Observer(SessionWorld& world) : world_(world) {}

  void on_text(std::string_view message) override {
    note("t", message);
    if (message == "pause") {
      world_.was_paused_ = true;
      world_.session_->pause_reading();
    } else if (message == "close") {
      world_.session_->close(CloseReason::server_close);
    } else if (message == "drop") {
      world_.session_->drop_slow_consumer(Limit::queued_bytes);
      require(!world_.session_->is_writable(), "a slow consumer gets no more packets");
    } else if (message.starts_with("echo")) {
      world_.send(std::string(message), {});
    }
  }
  void on_binary(std::string message) override {
    note("b", message);
    world_.send("binary", {share(std::move(message))});
  }
  void on_closed(CloseReason reason) override {
    note("c", engine::describe(reason));
    world_.closed_ = true;
    require(!world_.session_->is_open(), "a closed session is not open");
  }

 private:
  void note(std::string_view kind, std::string_view what) {
    require(!world_.closed_, "on_closed() is the last callback");
    world_.story_ += kind;
    world_.story_ += what;
    world_.story_ += '\n';
  }

  SessionWorld& world_;
};

// --- Delivery ---

void Delivery::sent(std::string_view text, const std::vector<SharedBytes>& attachments) {
  expected_.push_back('t' + std::string(text));
  for (const SharedBytes& bytes : attachments) expected_.push_back('b' + *bytes);
}

void Delivery::take(const engine::Received& received) {
  const bool binary = received.kind == MessageKind::binary;
  if (!binary) {
    require(engine::decode_packet(received.bytes).has_value(), "a sent message is a packet");
    if (received.bytes[0] != '4') return;  // not a message for the application
  }
  require(!expected_.empty(), "an arrived message was sent");
  const std::string message = binary ? 'b' + received.bytes : 't' + received.bytes.substr(1);
  require(expected_.front() == message, "a message arrives in order");
  expected_.pop_front();
}

void Delivery::arrived(MessageKind kind, const std::string& bytes) {
  const auto received = framing_.read_websocket(kind, bytes);
  require(received.has_value(), "a sent body is well-formed");
  take(*received);
}

void Delivery::arrived_payload(engine::Payload payload) {
  const auto source = framing_.read_body(payload.kind, std::move(payload.bytes));
  while (!source->at_end()) {
    const auto received = source->next();
    require(received.has_value(), "a sent body is well-formed");
    take(*received);
  }
}

// --- transports ---

void Poll::finish_poll(HttpOutcome outcome, engine::Payload payload) {
  require(!std::exchange(released, true), "a poll is answered once");
  if (outcome == HttpOutcome::ok) delivery_.arrived_payload(std::move(payload));
}

void Post::finish_post(HttpOutcome) {
  require(!std::exchange(released, true), "a post is answered once");
}

void WebSocket::send(MessageKind kind, const SharedBytes& bytes, Compression) {
  require(!released, "nothing is sent after the release");
  buffered_ += bytes->size();
  delivery_.arrived(kind, *bytes);
}

void WebSocket::pause_reading() {
  require(!released, "reading is paused before the release");
  paused = true;
}

void WebSocket::resume_reading() {
  require(!released, "reading goes on before the release");
  paused = false;
}

void WebSocket::close(std::uint16_t) {
  require(!std::exchange(released, true), "a WebSocket is released once");
}

void WebSocket::abort() { require(!std::exchange(released, true), "a WebSocket is released once"); }

// --- SessionWorld ---

SessionWorld::SessionWorld(const Config& config, const engine::Framing& framing)
    : config_(config),
      framing_(framing),
      delivery_(framing),
      session_(std::make_unique<engine::Session>(SessionId{1}, "sid", framing_, config_, *this,
                                                 logger_, limits_)) {
  session_->start(std::make_unique<Observer>(*this));
}

void SessionWorld::schedule(engine::Session&, TimePoint deadline) {
  require(!ended_, "nothing is scheduled after the end");
  deadline_ = deadline;
}

void SessionWorld::session_ended(engine::Session&) {
  require(!std::exchange(ended_, true), "a session ends once");
  require(closed_, "the application knows of the end");
  const auto released = [](const auto& transport) { return transport->released; };
  require(std::all_of(polls_.begin(), polls_.end(), released), "polls are released at the end");
  require(std::all_of(posts_.begin(), posts_.end(), released), "posts are released at the end");
  require(std::all_of(websockets_.begin(), websockets_.end(), released),
          "WebSockets are released at the end");
}

// The transport refuses requests for a session on a WebSocket before it calls the session.
bool SessionWorld::takes_requests() const {
  return !ended_ && (session_->is_polling() || !session_->is_open());
}

void SessionWorld::start_poll() {
  if (!takes_requests()) return;
  polls_.push_back(std::make_unique<Poll>(delivery_));
  session_->start_poll(*polls_.back());
}

void SessionWorld::abort_poll() {
  for (const auto& poll : polls_) {
    if (poll->released) continue;
    poll->released = true;
    return session_->abort_poll(*poll);
  }
}

Post* SessionWorld::start_post() {
  if (!takes_requests()) return nullptr;
  posts_.push_back(std::make_unique<Post>());
  Post& post = *posts_.back();
  require(session_->start_post(post) != post.released, "a refused post is released");
  return post.released ? nullptr : &post;
}

void SessionWorld::hand_over(Post& post, MessageKind kind, std::string body) {
  if (!session_->takes_body(kind)) return session_->refuse_post(post);
  session_->receive_post(post, kind, std::move(body));
}

void SessionWorld::receive_post(MessageKind kind, std::string body) {
  for (const auto& post : posts_) {
    if (!post->released) return hand_over(*post, kind, std::move(body));
  }
}

void SessionWorld::post(MessageKind kind, std::string body) {
  if (Post* post = start_post()) hand_over(*post, kind, std::move(body));
}

void SessionWorld::abort_post() {
  for (const auto& post : posts_) {
    if (post->released) continue;
    post->released = true;
    return session_->abort_post(*post);
  }
}

void SessionWorld::release_post() {
  for (const auto& post : posts_) {
    if (post->released) continue;
    post->released = true;
    return session_->release_post(*post);
  }
}

void SessionWorld::open_websocket() {
  if (ended_ || !session_->is_open() || !session_->is_polling() || !polls_.empty() ||
      !posts_.empty() || !websockets_.empty()) {
    return;
  }
  websockets_.push_back(std::make_unique<WebSocket>(delivery_));
  session_->open_websocket(*websockets_.back());
}

void SessionWorld::start_probe() {
  if (ended_ || !session_->is_open() || !session_->is_polling() || session_->is_upgrading()) return;
  websockets_.push_back(std::make_unique<WebSocket>(delivery_));
  session_->start_probe(*websockets_.back());
}

WebSocket* SessionWorld::current_websocket() {
  if (websockets_.empty() || websockets_.back()->released) return nullptr;
  return websockets_.back().get();
}

void SessionWorld::receive(MessageKind kind, std::string message) {
  WebSocket* websocket = current_websocket();
  if (websocket == nullptr || websocket->paused) return;
  session_->receive_websocket(*websocket, kind, std::move(message));
}

void SessionWorld::close_websocket() {
  WebSocket* websocket = current_websocket();
  if (websocket == nullptr) return;
  websocket->released = true;
  session_->websocket_closed(*websocket);
}

void SessionWorld::drain_websocket() {
  WebSocket* websocket = current_websocket();
  if (websocket == nullptr) return;
  websocket->drain();
  session_->drain_websocket(*websocket);
}

void SessionWorld::send(std::string text, std::vector<SharedBytes> attachments) {
  // The layer above sends JSON: UTF-8 without control characters.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '.');
  // Dropped if the session is not open or is too slow. After a dropped message, no later one
  // arrives.
  delivery_.sent(text, attachments);
  session_->send(MessageKind::text, share("4" + std::move(text)), attachments,
                 {engine::Importance::expendable});
}

void SessionWorld::advance(Milliseconds duration) {
  const TimePoint end = now_ + duration;
  while (!ended_ && deadline_ && *deadline_ <= end) {
    now_ = std::max(now_, *std::exchange(deadline_, std::nullopt));
    session_->on_timer();
  }
  now_ = end;
}

void SessionWorld::vanish() {
  // The application may pause again after each message that is left.
  for (std::size_t i = 0; i < 5'000 && !ended_; ++i) {
    session_->resume_reading();
    advance(std::chrono::minutes(10));
  }
  require(ended_, "a session without a client times out");
}

}  // namespace sioserve::fuzz
