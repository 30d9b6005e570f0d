#include "server/transport/session_table.h"

#include <utility>

namespace sioserve::transport {

SessionTable::SessionTable(const Config& config, const Logger& logger, Limits& limits,
                           std::function<TimePoint()> clock)
    : config_(config),
      logger_(logger),
      limits_(limits),
      clock_(std::move(clock)),
      queued_total_(config.socket_io.max_queued_total_bytes) {}

engine::Session& SessionTable::create(SessionId id, std::string sid, std::string mount_path,
                                      engine::SharedFraming framing, SessionQuota::Place place) {
  engine::SessionHost& host = *this;
  auto session = std::make_unique<engine::Session>(id, std::move(sid), *framing, config_, host,
                                                   logger_, limits_);
  engine::Session& created = *session;
  entries_.emplace(
      created.sid(),
      Entry{{std::move(framing), std::move(session)}, std::move(mount_path), std::move(place)});
  return created;
}

engine::Session* SessionTable::find(const std::string& sid, std::string_view path) const {
  const auto found = entries_.find(sid);
  if (found == entries_.end() || found->second.mount_path != mount_path_of(path)) return nullptr;
  return found->second.owned.session.get();
}

engine::Session* SessionTable::find_in_time(const std::string& sid, std::string_view path) {
  engine::Session* const session = find(sid, path);
  if (!session || !session->is_due()) return session;
  session->on_timer();
  return find(sid, path);
}

void SessionTable::set_headers(SessionId session, Headers headers) {
  if (!headers.empty()) headers_[session] = std::make_shared<const Headers>(std::move(headers));
}

SharedHeaders SessionTable::headers_of(SessionId session) const {
  if (headers_.empty()) return nullptr;
  const auto found = headers_.find(session);
  return found == headers_.end() ? nullptr : found->second;
}

void SessionTable::advance(TimePoint now) {
  ended_.clear();
  timers_.advance(now, [](engine::Session* session) { session->on_timer(); });
}

bool SessionTable::shut_down_while(const std::function<bool()>& time_left) {
  while (!entries_.empty()) {
    engine::Session& session = *entries_.begin()->second.owned.session;
    if (session.send_part() == engine::Session::Queued::none) session.shut_down();
    if (!time_left()) break;
  }
  return entries_.empty();
}

void SessionTable::process_lost(const std::unordered_set<SessionId>& lost) {
  std::vector<engine::Session*> sessions;
  for (const auto& [sid, entry] : entries_) {
    if (lost.contains(entry.owned.session->id())) sessions.push_back(entry.owned.session.get());
  }
  for (engine::Session* session : sessions) session->process_lost();
}

void SessionTable::schedule(engine::Session& session, TimePoint deadline) {
  timers_.schedule(&session, deadline);
}

void SessionTable::session_ended(engine::Session& session) {
  timers_.cancel(&session);
  headers_.erase(session.id());
  const auto found = entries_.find(session.sid());
  ended_.push_back(std::move(found->second.owned));
  entries_.erase(found);
}

std::string_view mount_path_of(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace sioserve::transport
