// What a session has to send and no transport has taken yet, in order.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "server/base/bytes.h"
#include "socketio/engine/framing.h"

namespace sioserve::engine {

// What becomes of a unit when too much waits for a client and the oldest is dropped.
enum class Importance : unsigned char {
  expendable,
  required,  // the protocol, or somebody who waits for an answer, depends on it
};

// How a unit is treated on its way.
struct Treatment {
  Importance importance = Importance::expendable;
  Compression compression = Compression::allowed;
};

// A message and its attachments are one unit: they leave, or are dropped, together.
class Outbox {
 public:
  // What keeping a message costs beside its bytes, so that many small ones are bounded too: its
  // place here, and its buffer's own allocations.
  static constexpr std::size_t overhead = 128;

  // A text message has Engine.IO's packet type in front; attachments are binary.
  void push(MessageKind kind, SharedBytes message, std::span<const SharedBytes> attachments,
            Treatment treatment);

  // The same ahead of everything that is queued.
  void push_front(SharedBytes text, Treatment treatment);

  bool empty() const { return !frames_ || frames_->empty(); }
  // Text messages and attachments.
  std::size_t packets() const { return frames_ ? frames_->size() - dropped_ : 0; }
  // Of the messages, and of keeping them.
  std::size_t bytes() const { return bytes_; }
  void clear();
  // Removes the oldest unit that is expendable; false if there is none.
  bool drop_oldest();

  // Removes the oldest unit, calling send(MessageKind, SharedBytes, Compression) for each of its
  // messages.
  template <typename Send>
  void pop_unit(Send send) {
    do {
      Frame frame = take_first();
      bytes_ -= cost(*frame.bytes);
      send(frame.kind, std::move(frame.bytes), frame.treatment.compression);
    } while (!empty() && frames_->front().place == Place::attachment);
    skip_dropped();
  }

  // Removes the oldest units, as one polling body of at most so many packets (0: of any number). It
  // may be compressed if anything in it may. A unit is split only if it is larger than a body; the
  // rest of it can't be dropped any more.
  Payload take_payload(const Framing& framing, std::size_t max_packets);

 private:
  static std::size_t cost(const std::string& bytes) { return bytes.size() + overhead; }

  enum class Place : unsigned char { first, attachment };
  struct Frame {
    SharedBytes bytes;  // null: dropped
    MessageKind kind;
    Place place;
    Treatment treatment;
  };
  static constexpr std::size_t buffer_overhead = 80;  // of share(): two allocations and a string
  static_assert(sizeof(Frame) + buffer_overhead <= overhead);

  std::deque<Frame>& frames();
  Frame take_first();
  std::size_t first_unit_size() const;
  void require_rest_of_unit();
  void skip_dropped();
  void compact();

  // Null: nothing waits. It grows by pieces, because the queues of all clients that a broadcast
  // reaches grow in the same turn. The first has not been dropped.
  std::unique_ptr<std::deque<Frame>> frames_;
  std::size_t first_expendable_ = 0;  // no unit before it is
  std::size_t dropped_ = 0;           // frames
  std::size_t bytes_ = 0;
};

}  // namespace sioserve::engine
