// Numbers of the messages between servers, so that a server notices when some of another one do not
// arrive: Redis has cut a slow subscriber, or was away.
//
// Each server counts what it publishes on each channel, from 1, because others get only the
// channels that they subscribe to. A receiver compares each number with the one before. It begins
// with the first number that it gets, and again with a smaller one. Both sides forget channels that
// are not used, and have a limit on their number: what is lost there may not be noticed, but
// nothing is reported that is not lost.
//
// Knows no clock: the time is passed in. Lives on the I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/base/clock.h"

namespace sioserve::socketio::cluster {

// A map of channels that forgets those that were not used for one to two periods.
template <typename Value>
class RecentChannels {
 public:
  // Channels of one period.
  static constexpr std::size_t max_channels = 20'000;

  explicit RecentChannels(Milliseconds period) : period_(period) {}

  // Null: there are too many channels.
  Value* use(const std::string& channel) {
    const auto found = current_.find(channel);
    if (found != current_.end()) return &found->second;
    if (current_.size() >= max_channels) return nullptr;
    if (auto old = previous_.extract(channel))
      return &current_.insert(std::move(old)).position->second;
    return &current_[channel];
  }

  void forget(const std::string& channel) {
    current_.erase(channel);
    previous_.erase(channel);
  }

  void advance(TimePoint now) {
    if (now < next_) return;
    next_ = now + period_;
    previous_ = std::exchange(current_, {});
  }

 private:
  const Milliseconds period_;
  TimePoint next_{};
  std::unordered_map<std::string, Value> current_;
  std::unordered_map<std::string, Value> previous_;
};

class SentNumbers {
 public:
  // The number of the next message on this channel; nullopt: it gets none.
  std::optional<std::uint64_t> next(const std::string& channel);
  void advance(TimePoint now) { channels_.advance(now); }

 private:
  RecentChannels<std::uint64_t> channels_{Milliseconds{300'000}};
};

class ReceivedNumbers {
 public:
  // A message of `sender` has arrived. Returns how many are missing before it.
  std::uint64_t arrive(const std::string& channel, const std::string& sender, std::uint64_t number);
  // This server no longer subscribes to the channel.
  void forget(const std::string& channel) { channels_.forget(channel); }
  void advance(TimePoint now) { channels_.advance(now); }

 private:
  struct Latest {
    std::string sender;
    std::uint64_t number;
  };

  RecentChannels<std::vector<Latest>> channels_{Milliseconds{600'000}};
};

}  // namespace sioserve::socketio::cluster
