#include "server/transport/pending_handshakes.h"

#include <utility>

#include "server/port/messages.h"

namespace sioserve::transport {
namespace {

// Between two log lines, which anybody can cause while the application hangs.
constexpr std::chrono::seconds report_interval{1};

}  // namespace

void PendingHandshakes::ask(StreamId id, HandshakeTopic topic, const RequestHead& head,
                            const SharedEndpoints& endpoints, TimePoint now,
                            PendingHandshake& handshake) {
  waiting_[id] = Waiting{&handshake, topic};
  const TimePoint deadline = deadline_after(now, config_.websocket.connect_timeout);
  if (deadline != TimePoint::max()) deadlines_.push_back({deadline, id});
  events_.push(HandshakeAsked{id, head, *endpoints, topic});
}

void PendingHandshakes::answer(HandshakeDecision decision) {
  const auto [handshake, topic] = take(decision.stream);
  if (!handshake) return;
  if (topic == HandshakeTopic::origin) {
    handshake->on_origin_decided(decision.refusal ? OriginDecision::refused
                                                  : OriginDecision::allowed);
  } else if (decision.refusal) {
    handshake->on_refused(RequestError::forbidden, *decision.refusal);
  } else {
    handshake->on_allowed(std::move(decision.headers), std::move(decision.session_headers));
  }
}

void PendingHandshakes::advance(TimePoint now) {
  for (; !deadlines_.empty(); deadlines_.pop_front()) {
    const Deadline& first = deadlines_.front();
    if (!waiting_.contains(first.id)) continue;
    if (first.time > now) break;
    ++late_;
    take(first.id).handshake->on_refused(RequestError::forbidden, {});
  }
  if (late_ == 0 || now < next_report_) return;
  next_report_ = now + report_interval;
  const std::size_t late = std::exchange(late_, 0);
  logger_.log(LogCategory::engineio, LogLevel::warning,
              std::to_string(late) + (late == 1 ? " handshake was" : " handshakes were") +
                  " refused with 403: allow_request or allow_origin did not decide within " +
                  std::to_string(config_.websocket.connect_timeout.count()) +
                  " ms (--websocket-connect-timeout)");
}

void PendingHandshakes::shut_down() {
  for (const auto& [id, waiting] : std::exchange(waiting_, {})) {
    waiting.handshake->on_refused(RequestError::bad_request, {});
  }
  deadlines_.clear();
}

PendingHandshakes::Waiting PendingHandshakes::take(StreamId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return {};
  const Waiting waiting = found->second;
  waiting_.erase(found);
  return waiting;
}

}  // namespace sioserve::transport
