// The channels that this server subscribes to: those of its namespaces, and those of rooms that
// have members here. A room's subscription outlives its last member for some time, because rooms
// are often left and joined again.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "server/base/clock.h"
#include "socketio/cluster/bus.h"
#include "socketio/cluster/format.h"
#include "socketio/server/other_servers.h"

namespace sioserve::socketio::cluster {

// Lives on the I/O thread.
class Subscriptions {
 public:
  // The arguments outlive this object. `ended` is called for each channel that this server no
  // longer subscribes to.
  Subscriptions(Bus& bus, const Format& format, const std::string& uid,
                std::function<void(const std::string& channel)> ended);
  ~Subscriptions();

  RoomObserver& add(const std::string& name_space);
  void remove(const std::string& name_space);
  bool has(const std::string& name_space) const { return namespaces_.contains(name_space); }

  // What is published on a channel; `name_space` is empty if the message names it itself.
  struct Meaning {
    ChannelKind kind = ChannelKind::messages;
    std::string name_space = {};
  };
  Meaning meaning_of(const std::string& channel) const;

  // Ends the subscriptions of rooms without members.
  void advance(TimePoint now);

 private:
  class Namespace;
  void unsubscribe(const std::string& channel);
  struct Unused {
    std::string name_space;
    std::string room;
    TimePoint since;
  };

  Bus& bus_;
  const Format& format_;
  const std::string& uid_;
  const std::function<void(const std::string&)> ended_;
  std::unordered_map<std::string, std::unique_ptr<Namespace>> namespaces_;
  std::unordered_map<std::string, Meaning> meanings_;
  std::deque<Unused> unused_;
  TimePoint now_{};
};

}  // namespace sioserve::socketio::cluster
