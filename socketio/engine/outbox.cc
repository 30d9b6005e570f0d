#include "socketio/engine/outbox.h"

#include <algorithm>

namespace sioserve::engine {
namespace {
// Storage kept for the next messages once everything has been sent.
constexpr std::size_t kept_capacity = 64;
}  // namespace

void Outbox::push(MessageKind kind, SharedBytes message, std::span<const SharedBytes> attachments,
                  Treatment treatment) {
  // A consumer that never quite catches up must not make the part that is over grow for ever.
  const std::size_t over = head_ + dropped_;
  if (over > kept_capacity && over > frames_.size() / 2) compact();
  bytes_ += cost(*message);
  frames_.push_back({std::move(message), kind, Place::first, treatment});
  for (const SharedBytes& attachment : attachments) {
    bytes_ += cost(*attachment);
    frames_.push_back({attachment, MessageKind::binary, Place::attachment, treatment});
  }
}

void Outbox::clear() {
  if (frames_.capacity() > kept_capacity) {
    frames_ = {};
  } else {
    frames_.clear();
  }
  head_ = first_expendable_ = dropped_ = bytes_ = 0;
}

bool Outbox::drop_oldest() {
  std::size_t at = std::max(first_expendable_, head_);
  while (at < frames_.size() &&
         (!frames_[at].bytes || frames_[at].treatment.importance == Importance::required)) {
    ++at;
  }
  first_expendable_ = at;
  if (at == frames_.size()) return false;
  do {
    bytes_ -= cost(*frames_[at].bytes);
    frames_[at].bytes = nullptr;
    ++dropped_;
    ++at;
  } while (at < frames_.size() && frames_[at].place == Place::attachment);
  first_expendable_ = at;
  skip_dropped();
  return true;
}

void Outbox::skip_dropped() {
  for (; head_ < frames_.size() && !frames_[head_].bytes; ++head_) --dropped_;
  if (empty()) clear();
}

void Outbox::compact() {
  frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
  std::erase_if(frames_, [](const Frame& frame) { return !frame.bytes; });
  head_ = first_expendable_ = dropped_ = 0;
}

Payload Outbox::take_payload(const Framing& framing) {
  std::vector<Message> messages;
  messages.reserve(frames_.size() - head_);
  auto compression = Compression::declined;
  for (; head_ < frames_.size(); ++head_) {
    Frame& frame = frames_[head_];
    if (!frame.bytes) continue;
    if (frame.treatment.compression == Compression::allowed) compression = Compression::allowed;
    messages.push_back({frame.kind, std::move(frame.bytes)});
  }
  clear();
  Payload payload = framing.write_body(messages);
  payload.compression = compression;
  return payload;
}

}  // namespace sioserve::engine
