// Events that a server sends to many clients, a closed loop: the next event is sent when all
// recipients have got one. Counts deliveries.
#include <string>
#include <utility>
#include <vector>

#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/scenarios.h"
#include "bench/socket_io_load/websocket_load.h"

namespace load {
namespace {

// Clients that get the same events, which the first of them sends.
struct Group {
  std::size_t sender = 0;
  std::size_t recipients = 0;
  std::size_t got = 0;  // deliveries
  std::string event;
};

class Broadcasts : public WebSocketLoad {
 public:
  using WebSocketLoad::WebSocketLoad;

 protected:
  void add_group(Group group) { groups_.push_back(std::move(group)); }
  void add_rooms(std::size_t without) {
    for (std::size_t first = 0; first < options_.clients; first += options_.members) {
      const std::size_t members = std::min(options_.members, options_.clients - first);
      if (members <= without) fail("a room has too few members");
      add_group({first, members - without, 0, event_of(first)});
    }
  }

  virtual std::string event_of(std::size_t) const { return ""; }
  virtual std::string_view delivery() const { return "2[\"news\","; }
  // Called when all recipients of a group have got an event.
  virtual void next(std::size_t group) { send(group); }

  void send(std::size_t group) { post(groups_[group].sender, groups_[group].event); }

  std::vector<Group> groups_;

 private:
  void on_packet(Connection& connection, std::string_view packet) final {
    if (!packet.starts_with(delivery())) fail("not the event: " + std::string(packet));
    ++count_;
    const std::size_t index = groups_.size() == 1 ? 0 : connection.index() / options_.members;
    Group& group = groups_[index];
    if (++group.got % group.recipients == 0) next(index);
  }
};

class ToAll final : public Broadcasts {
 public:
  explicit ToAll(Options options) : Broadcasts(std::move(options)) {
    add_group({0, options_.clients, 0, frame("2[\"all\"," + payload() + "]")});
  }

 private:
  void begin() override {
    for (std::size_t i = 0; i < options_.in_flight; ++i) send(0);
  }
};

// One room after another; the events under way are in different rooms, if there are so many.
class ToOneRoom final : public Broadcasts {
 public:
  explicit ToOneRoom(Options options) : Broadcasts(std::move(options)) { add_rooms(0); }

 private:
  void begin() override {
    for (std::size_t i = 0; i < options_.in_flight; ++i) next(0);
  }
  void next(std::size_t) override { send(turn_++ % groups_.size()); }
  std::string connect_packet(std::size_t client) const override {
    return "0{\"room\":\"" + options_.room_of(client) + "\"}";
  }
  std::string event_of(std::size_t client) const override {
    return frame("2[\"room\",\"" + options_.room_of(client) + "\"," + payload() + "]");
  }

  std::size_t turn_ = 0;  // of the rooms
};

// In all rooms at the same time; the sender gets nothing.
class Relay final : public Broadcasts {
 public:
  explicit Relay(Options options) : Broadcasts(std::move(options)) { add_rooms(1); }

 private:
  void begin() override {
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      for (std::size_t i = 0; i < options_.in_flight; ++i) send(group);
    }
  }
  std::string connect_packet(std::size_t client) const override {
    return "0/relay,{\"room\":\"" + options_.room_of(client) + "\"}";
  }
  std::string event_of(std::size_t) const override {
    return frame("2/relay,[\"move\"," + payload() + "]");
  }
  std::string_view delivery() const override { return "2/relay,[\"move\","; }
};

}  // namespace

std::unique_ptr<Runner> broadcast(Options options) {
  return std::make_unique<ToAll>(std::move(options));
}

std::unique_ptr<Runner> rooms(Options options) {
  if (options.members == 0) fail("rooms need --members");
  return std::make_unique<ToOneRoom>(std::move(options));
}

std::unique_ptr<Runner> relay(Options options) {
  if (options.members == 0) fail("a relay needs --members");
  return std::make_unique<Relay>(std::move(options));
}

}  // namespace load
