#include "socketio/loopback/loopback_server.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace sioserve::socketio {

LoopbackServer::LoopbackServer(Config config, std::function<void()> wake)
    : config_(std::move(config)),
      wake_(std::move(wake)),
      logger_([this](LogRecord record) { push(std::move(record)); }),
      limits_(config_, counters_, logger_),
      server_(config_, *this, logger_, limits_) {
  limits_.advance(now_);
  answers_.open();
}

void LoopbackServer::post(Command&& command) {
  if (auto* socketio = std::get_if<SocketIoCommand>(&command)) server_.handle(std::move(*socketio));
  settle();
}

QuestionId LoopbackServer::ask(Question question) {
  const QuestionId id = answers_.expect();
  answers_.give(id, server_.answer(question));
  return id;
}

void LoopbackServer::take_events(std::vector<Event>& batch) {
  const bool was_full = too_many_events();
  batch = std::exchange(events_, {});
  if (was_full) {
    server_.events_taken();
    settle();
  }
}

SessionId LoopbackServer::open_session() {
  const SessionId id{++last_session_};
  clients_.emplace(id, std::make_unique<LoopbackClient>(id, server_, now_, limits_));
  return id;
}

void LoopbackServer::receive(SessionId session, LoopbackMessage message) {
  const auto found = clients_.find(session);
  if (found == clients_.end()) return;
  found->second->receive(std::move(message));
  settle();
}

std::vector<LoopbackMessage> LoopbackServer::take_sent(SessionId session) {
  const auto found = clients_.find(session);
  return found == clients_.end() ? std::vector<LoopbackMessage>() : found->second->take_sent();
}

bool LoopbackServer::is_open(SessionId session) const {
  const auto found = clients_.find(session);
  return found != clients_.end() && found->second->is_open();
}

void LoopbackServer::close_session(SessionId session) {
  const auto found = clients_.find(session);
  if (found == clients_.end()) return;
  found->second->leave();
  clients_.erase(found);
  settle();
}

void LoopbackServer::advance(Milliseconds duration) {
  const TimePoint end = now_ + duration;
  for (;;) {
    TimePoint next = end;
    for (const auto& [id, client] : clients_) next = std::min(next, client->deadline());
    now_ = std::max(now_, next);
    limits_.advance(now_);
    settle();
    if (next >= end) return;
  }
}

// After a command for one client, another client may be read again.
void LoopbackServer::settle() {
  for (const auto& [id, client] : clients_) client->advance();
  server_.advance(now_);
  wake_();
}

}  // namespace sioserve::socketio
