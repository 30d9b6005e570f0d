#include "socketio/cluster/subscriptions.h"

#include <optional>
#include <utility>

namespace sioserve::socketio::cluster {
namespace {

constexpr Milliseconds keep_unused{10'000};

}  // namespace

class Subscriptions::Namespace final : public RoomObserver {
 public:
  Namespace(Subscriptions& owner, std::string name) : owner_(owner), name_(std::move(name)) {
    for (const Channel& channel : owner_.format_.channels(name_, owner_.uid_)) {
      owner_.bus_.subscribe(channel.name);
      if (channel.kind != ChannelKind::messages) {
        owner_.meanings_.insert_or_assign(channel.name, Meaning{channel.kind, name_});
      }
    }
  }

  ~Namespace() override {
    for (const auto& [room, use] : rooms_) unsubscribe(room);
    for (const Channel& channel : owner_.format_.channels(name_, owner_.uid_)) {
      owner_.unsubscribe(channel.name);
      owner_.meanings_.erase(channel.name);
    }
  }

  void room_used(const std::string& room) override {
    const auto channel = owner_.format_.room_channel(name_, room);
    if (!channel) return;
    const auto [found, is_new] = rooms_.try_emplace(room);
    ++found->second.members;
    found->second.unused_since.reset();
    if (is_new) owner_.bus_.subscribe(*channel);
  }

  void room_unused(const std::string& room) override {
    const auto found = rooms_.find(room);
    if (found == rooms_.end() || --found->second.members != 0) return;
    found->second.unused_since = owner_.now_;
    owner_.unused_.push_back({name_, room, owner_.now_});
  }

  // Unless it has been used meanwhile.
  void drop(const std::string& room, TimePoint since) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end() || found->second.unused_since != since) return;
    unsubscribe(room);
    rooms_.erase(found);
  }

 private:
  struct Use {
    std::size_t members = 0;  // the room, and a client with this id
    std::optional<TimePoint> unused_since = std::nullopt;
  };

  void unsubscribe(const std::string& room) {
    if (const auto channel = owner_.format_.room_channel(name_, room)) {
      owner_.unsubscribe(*channel);
    }
  }

  Subscriptions& owner_;
  const std::string name_;
  std::unordered_map<std::string, Use> rooms_;
};

Subscriptions::Subscriptions(Bus& bus, const Format& format, const std::string& uid,
                             std::function<void(const std::string& channel)> ended)
    : bus_(bus), format_(format), uid_(uid), ended_(std::move(ended)) {}
Subscriptions::~Subscriptions() = default;

RoomObserver& Subscriptions::add(const std::string& name_space) {
  return *namespaces_.try_emplace(name_space, std::make_unique<Namespace>(*this, name_space))
              .first->second;
}

void Subscriptions::unsubscribe(const std::string& channel) {
  bus_.unsubscribe(channel);
  ended_(channel);
}

void Subscriptions::remove(const std::string& name_space) { namespaces_.erase(name_space); }

Subscriptions::Meaning Subscriptions::meaning_of(const std::string& channel) const {
  const auto found = meanings_.find(channel);
  return found == meanings_.end() ? Meaning() : found->second;
}

void Subscriptions::advance(TimePoint now) {
  now_ = now;
  while (!unused_.empty() && deadline_after(unused_.front().since, keep_unused) <= now) {
    const Unused unused = std::move(unused_.front());
    unused_.pop_front();
    const auto found = namespaces_.find(unused.name_space);
    if (found != namespaces_.end()) found->second->drop(unused.room, unused.since);
  }
}

}  // namespace sioserve::socketio::cluster
