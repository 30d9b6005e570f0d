// The servers of the cluster that take forwarded requests, by the tag at the end of their sessions'
// sids. Each server announces itself on a channel of the bus, again and again, with a time to live;
// one that has just come asks the others to do so. While the bus is interrupted, what is known
// stays: the servers may well reach each other.
//
// Knows no bus and no clock. Lives on the I/O thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "server/base/clock.h"
#include "server/base/http_values.h"

namespace sioserve::forwarding {

// A sid is random_id(), which has 20 characters, and the tag of its server.
inline constexpr std::size_t tag_size = 8;

// Empty: the sid has no tag.
std::string_view tag_of(std::string_view sid);
// Of the sid in a query string; empty: there is none.
std::string tag_of_query(std::string_view query_string);

enum class Announcement {
  present,
  asking,  // and the others are to announce themselves
  leaving,
};

class Directory {
 public:
  static constexpr Milliseconds announce_every{5'000};
  static constexpr Milliseconds time_to_live{15'000};

  // `address`: where others reach this server.
  Directory(std::string tag, Address address)
      : tag_(std::move(tag)), address_(std::move(address)) {}

  const std::string& tag() const { return tag_; }
  // What this server publishes.
  std::string announce(Announcement announcement) const;

  // What another server, or this one, has published. `asked`: this server is to announce itself.
  enum class Received { noted, asked, malformed };
  Received receive(std::string_view payload, TimePoint now);

  // Null: not known, or this server.
  const Address* find(std::string_view tag) const;
  std::size_t size() const { return servers_.size(); }

  void interrupted() { interrupted_ = true; }
  // Gives the others time to announce themselves again.
  void connected(TimePoint now);
  // Forgets servers that have not announced themselves in time.
  void advance(TimePoint now);

 private:
  struct Server {
    Address address;
    Milliseconds time_to_live;
    TimePoint until;
  };

  const std::string tag_;
  const Address address_;
  std::unordered_map<std::string, Server> servers_;
  bool interrupted_ = false;
};

}  // namespace sioserve::forwarding
