#include "socketio/server/recovery.h"

#include <utility>

#include "socketio/parser/object_members.h"
#include "socketio/server/socket.h"

namespace sioserve::socketio {

std::optional<RecoveryRequest> take_recovery_request(ReceivedValue& payload) {
  const auto pid = parser::take_string(payload, "pid");
  if (!pid) return std::nullopt;
  RecoveryRequest request{*pid, std::nullopt};
  if (!parser::has_member(payload, "offset")) return request;
  // An application may use the name for other data; then the client's offset is not available.
  const auto offset = parser::take_string(payload, "offset");
  if (!offset) return std::nullopt;
  request.received = to_offset(*offset);
  if (!request.received) return std::nullopt;
  return request;
}

Recovery::Recovery(const SocketIoConfig& config, const EventEncoder& encoder, Limits& limits)
    : config_(config), encoder_(encoder), limits_(limits) {}

Recovery::~Recovery() = default;

void Recovery::add(Socket& socket) { by_pid_.emplace(socket.pid(), &socket); }

void Recovery::remove(const Socket& socket) { by_pid_.erase(socket.pid()); }

Socket* Recovery::find(const std::string& pid) const {
  const auto found = by_pid_.find(pid);
  return found == by_pid_.end() ? nullptr : found->second;
}

void Recovery::park(std::unique_ptr<Socket> socket) {
  Socket& parked = *socket;
  parked_bytes_ += parked.log_bytes();
  places_.emplace(&parked, parked_.insert(parked_.end(), Parked{std::move(socket), std::nullopt}));
  limits_.counters().add(Counter::recoverable_sockets);
}

std::unique_ptr<Socket> Recovery::take(Socket& parked) { return take(places_.at(&parked)); }

void Recovery::log_changed(std::size_t bytes_before, std::size_t bytes_now) {
  parked_bytes_ += bytes_now - bytes_before;  // a decrease wraps around, modulo 2^64
}

std::vector<std::unique_ptr<Socket>> Recovery::take_expired(TimePoint now) {
  std::vector<std::unique_ptr<Socket>> expired;
  while (!parked_.empty() && parked_.front().deadline && *parked_.front().deadline <= now) {
    expired.push_back(take(parked_.begin()));
  }
  for (auto latest = parked_.rbegin(); latest != parked_.rend() && !latest->deadline; ++latest) {
    latest->deadline = deadline_after(now, config_.recovery_window);
  }
  return expired;
}

std::vector<std::unique_ptr<Socket>> Recovery::take_excess() {
  std::vector<std::unique_ptr<Socket>> excess;
  for (Socket* socket : std::exchange(given_up_, {})) {
    excess.push_back(take_for(Limit::recovery_buffer, places_.at(socket)));
  }
  while (config_.max_recoverable > 0 && parked_.size() > config_.max_recoverable) {
    excess.push_back(take_for(Limit::recoverable, parked_.begin()));
  }
  while (config_.max_recovery_bytes > 0 && parked_bytes_ > config_.max_recovery_bytes) {
    excess.push_back(take_for(Limit::recovery_bytes, parked_.begin()));
  }
  return excess;
}

std::unique_ptr<Socket> Recovery::take(ParkedList::iterator place) {
  std::unique_ptr<Socket> socket = std::move(place->socket);
  parked_bytes_ -= socket->log_bytes();
  places_.erase(socket.get());
  given_up_.erase(socket.get());
  parked_.erase(place);
  limits_.counters().subtract(Counter::recoverable_sockets);
  return socket;
}

std::unique_ptr<Socket> Recovery::take_for(Limit limit, ParkedList::iterator place) {
  const Socket& socket = *place->socket;
  limits_.reached(limit,
                  "socket " + socket.public_id() + " of namespace " + socket.name_space().name);
  return take(place);
}

}  // namespace sioserve::socketio
