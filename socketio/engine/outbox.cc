#include "socketio/engine/outbox.h"

namespace sioserve::engine {
namespace {
// Storage kept for the next messages once everything has been sent.
constexpr std::size_t kept_capacity = 64;
}  // namespace

void Outbox::push(MessageKind kind, SharedBytes message, std::span<const SharedBytes> attachments) {
  // A consumer that never quite catches up must not make the sent part grow for ever.
  if (head_ > kept_capacity && head_ > frames_.size() / 2) {
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  bytes_ += message->size();
  frames_.push_back({std::move(message), kind, Place::first});
  for (const SharedBytes& attachment : attachments) {
    bytes_ += attachment->size();
    frames_.push_back({attachment, MessageKind::binary, Place::attachment});
  }
}

void Outbox::clear() {
  if (frames_.capacity() > kept_capacity) {
    frames_ = {};
  } else {
    frames_.clear();
  }
  head_ = 0;
  bytes_ = 0;
}

Payload Outbox::take_payload(const Framing& framing) {
  std::vector<Message> messages;
  messages.reserve(frames_.size() - head_);
  for (; head_ < frames_.size(); ++head_) {
    messages.push_back({frames_[head_].kind, std::move(frames_[head_].bytes)});
  }
  clear();
  return framing.write_body(messages);
}

}  // namespace sioserve::engine
