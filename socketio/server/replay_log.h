// The events sent to one socket that its client may not have received, in case the client loses its
// connection and is recovered. Refers to packets that all recipients share. Limited: above its
// capacity the oldest events are removed, and a client that missed one of them can't be recovered.
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

  // The offsets of successive entries grow.
  void push(Entry entry);
  // The client has all events up to this one.
  void forget_through(parser::Offset offset);

  // Whether the log has all events after `received`, the last event that the client received.
  // Nullopt, or an event from before the connection: it received none.
  bool can_resume(std::optional<parser::Offset> received) const;

  // In the order of the offsets.
  template <typename F>
  void for_each(F call) const {
    for (std::size_t i = head_; i < entries_.size(); ++i) call(*entries_[i]);
  }

  // The latest event that was removed; the start if none was.
  parser::Offset floor() const { return floor_; }
  // Of the events, with an overhead for each.
  std::size_t bytes() const { return bytes_; }
  std::size_t capacity() const { return capacity_; }

 private:
  void pop();
  void reclaim();

  const parser::Offset start_;
  parser::Offset floor_;
  const std::size_t capacity_;
  std::vector<Entry> entries_;
  std::size_t head_ = 0;  // the entries before it have been removed
  std::size_t bytes_ = 0;
};

}  // namespace sioserve::socketio
