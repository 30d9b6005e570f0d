#include "socketio/server/recovery.h"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "socketio/parser/object_members.h"
#include "socketio/server/socket.h"

namespace sioserve::socketio {
namespace {

using parser::Offset;

constexpr int offset_base = 36;

// A client may still know an offset of a process that ran before this one. Such a one must not be
// taken for one of ours; no server sends a million events per second for long.
Offset first_offset() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return Offset{static_cast<std::uint64_t>(microseconds)};
}

std::string to_text(Offset offset) {
  std::array<char, 16> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                 static_cast<std::uint64_t>(offset), offset_base);
  return {buffer.data(), end.ptr};
}

std::optional<Offset> to_offset(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, offset_base);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return Offset{number};
}

// One more argument: `text`, which needs no escapes in JSON.
void append_text(EncodedArgs& args, std::string_view text) {
  args.json.pop_back();  // the array's end
  args.json.reserve(args.json.size() + text.size() + 4);
  args.json.append(",\"").append(text).append("\"]");
}

}  // namespace

std::optional<RecoveryRequest> take_recovery_request(ReceivedValue& payload) {
  const auto pid = parser::take_string(payload, "pid");
  if (!pid) return std::nullopt;
  RecoveryRequest request{*pid, std::nullopt};
  if (!parser::has_member(payload, "offset")) return request;
  // An application that sends something else under this name hides the client's.
  const auto offset = parser::take_string(payload, "offset");
  if (!offset) return std::nullopt;
  request.received = to_offset(*offset);
  if (!request.received) return std::nullopt;
  return request;
}

Recovery::Recovery(const SocketIoConfig& config, const parser::Codec& codec, Limits& limits)
    : config_(config), codec_(codec), limits_(limits), last_offset_(first_offset()) {}

Recovery::~Recovery() = default;

parser::EncodedPacket Recovery::encode_event(std::string_view name_space, EncodedArgs args,
                                             Delivery delivery, Compression compression) {
  if (on()) {
    last_offset_ = Offset{static_cast<std::uint64_t>(last_offset_) + 1};
    append_text(args, to_text(last_offset_));
  }
  auto packet = codec_.encode_event(name_space, std::move(args), std::nullopt);
  packet.compression = compression;
  if (on() && delivery == Delivery::reliable) {
    packet.record = std::make_shared<const parser::RecordedPacket>(
        parser::RecordedPacket{last_offset_, packet.message, packet.attachments, packet.kind,
                               packet.compression, packet.size()});
  }
  return packet;
}

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
  parked_bytes_ += bytes_now - bytes_before;  // modulo 2^64
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
