// What a session has to send and no transport has taken yet, in order.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "server/base/bytes.h"

namespace sioserve::engine {

// A text message and its attachments are one unit: they leave together.
class Outbox {
 public:
  // `text` has Engine.IO's packet type in front.
  void push(SharedBytes text, std::span<const SharedBytes> attachments);

  bool empty() const { return head_ == frames_.size(); }
  std::size_t bytes() const { return bytes_; }
  void clear();

  // Removes the oldest unit, calling send(MessageKind, SharedBytes) for each of its messages.
  template <typename Send>
  void pop_unit(Send send) {
    MessageKind kind = MessageKind::text;
    do {
      bytes_ -= frames_[head_].bytes->size();
      send(kind, std::move(frames_[head_].bytes));
      ++head_;
      kind = MessageKind::binary;
    } while (head_ < frames_.size() && frames_[head_].kind == MessageKind::binary);
    if (empty()) clear();
  }

  // Removes everything, as one polling payload.
  std::string take_payload();

 private:
  struct Frame {
    SharedBytes bytes;
    MessageKind kind;  // binary: belongs to the text before it
  };

  std::vector<Frame> frames_;
  std::size_t head_ = 0;  // frames before it have been sent
  std::size_t bytes_ = 0;
};

}  // namespace sioserve::engine
