// The events sent to one socket of which it is not known that its client has them, for the case
// that the client is cut off and comes back. Refers to packets that all receivers share. Bounded:
// beyond its capacity the oldest go, and a client that misses one of those can't be recovered.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "socketio/parser/packet.h"

namespace sioserve::socketio {

class ReplayLog {
 public:
  using Entry = std::shared_ptr<const parser::RecordedPacket>;

  // `start`: the server's last event before the client connected. `capacity` is in bytes.
  ReplayLog(parser::Offset start, std::size_t capacity)
      : start_(start), floor_(start), capacity_(capacity) {}

  // Offsets grow.
  void push(Entry entry);
  // The client has all events up to this one.
  void forget_through(parser::Offset offset);

  // Whether everything is here that follows `received`, the last event that the client has.
  // Nullopt: it has none. So does an event from before its connection say.
  bool can_resume(std::optional<parser::Offset> received) const;

  // In order.
  template <typename F>
  void for_each(F call) const {
    for (std::size_t i = head_; i < entries_.size(); ++i) call(*entries_[i]);
  }

  // The latest event that is not here any more; the start, if all are here.
  parser::Offset floor() const { return floor_; }
  // Of the events and of the log itself.
  std::size_t bytes() const { return bytes_; }
  std::size_t capacity() const { return capacity_; }

 private:
  void pop();
  void reclaim();

  const parser::Offset start_;
  parser::Offset floor_;
  const std::size_t capacity_;
  std::vector<Entry> entries_;
  std::size_t head_ = 0;  // entries before it have gone
  std::size_t bytes_ = 0;
};

}  // namespace sioserve::socketio
