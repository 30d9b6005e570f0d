// The queue of a session's packets that no transport has taken yet, in order.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "server/base/bytes.h"
#include "socketio/engine/framing.h"

namespace sioserve::engine {

// Whether a unit may be dropped if too much is queued for a client.
enum class Importance : unsigned char {
  expendable,
  required,  // needed by the protocol or for an acknowledgement
};

// How a unit is sent.
struct Treatment {
  Importance importance = Importance::expendable;
  Compression compression = Compression::allowed;
};

// A message and its attachments are one unit: they are sent, or dropped, together.
class Outbox {
 public:
  // The memory for a queued message in addition to its bytes, so that many small messages are
  // limited too: its entry here, and its buffer's own allocations.
  static constexpr std::size_t overhead = 128;

  // A text message starts with Engine.IO's packet type; attachments are binary.
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
  // Removes the oldest unit that may be dropped; false if there is none.
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

  // Null: the queue is empty. A deque grows in chunks, because the queues of all recipients of a
  // broadcast grow in the same loop iteration. The first frame has not been dropped.
  std::unique_ptr<std::deque<Frame>> frames_;
  std::size_t first_expendable_ = 0;  // no unit before it may be dropped
  std::size_t dropped_ = 0;           // frames
  std::size_t bytes_ = 0;
};

}  // namespace sioserve::engine
