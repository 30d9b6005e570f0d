#include "server/transport/pending_handshakes.h"

#include <utility>

#include "server/port/messages.h"

namespace sioserve::transport {

void PendingHandshakes::ask(StreamId id, const RequestHead& head, const SharedEndpoints& endpoints,
                            TimePoint now, PendingHandshake& handshake) {
  waiting_[id] = &handshake;
  const TimePoint deadline = deadline_after(now, config_.websocket.connect_timeout);
  if (deadline != TimePoint::max()) deadlines_.push_back({deadline, id});
  events_.push(HandshakeAsked{id, head, *endpoints});
}

void PendingHandshakes::answer(HandshakeDecision decision) {
  PendingHandshake* const handshake = take(decision.stream);
  if (!handshake) return;
  if (decision.refusal) {
    handshake->on_refused(RequestError::forbidden, *decision.refusal);
  } else {
    handshake->on_allowed(std::move(decision.headers));
  }
}

void PendingHandshakes::advance(TimePoint now) {
  std::size_t late = 0;
  for (; !deadlines_.empty(); deadlines_.pop_front()) {
    const Deadline& first = deadlines_.front();
    if (!waiting_.contains(first.id)) continue;
    if (first.time > now) break;
    ++late;
    take(first.id)->on_refused(RequestError::forbidden, {});
  }
  if (late == 0) return;
  logger_.log(LogCategory::engineio, LogLevel::warning,
              std::to_string(late) + (late == 1 ? " handshake was" : " handshakes were") +
                  " refused with 403: allow_request did not decide within " +
                  std::to_string(config_.websocket.connect_timeout.count()) +
                  " ms (--websocket-connect-timeout)");
}

void PendingHandshakes::shut_down() {
  for (const auto& [id, handshake] : std::exchange(waiting_, {})) {
    handshake->on_refused(RequestError::bad_request, {});
  }
  deadlines_.clear();
}

PendingHandshake* PendingHandshakes::take(StreamId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return nullptr;
  PendingHandshake* const handshake = found->second;
  waiting_.erase(found);
  return handshake;
}

}  // namespace sioserve::transport
