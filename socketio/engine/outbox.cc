#include "socketio/engine/outbox.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sioserve::engine {
namespace {
// The number of dropped frames between others after which the queue is compacted.
constexpr std::size_t max_dropped = 64;
}  // namespace

void Outbox::push(MessageKind kind, SharedBytes message, std::span<const SharedBytes> attachments,
                  Treatment treatment) {
  std::deque<Frame>& frames = this->frames();
  if (dropped_ > max_dropped && dropped_ > frames.size() / 2) compact();
  bytes_ += cost(*message);
  frames.push_back({std::move(message), kind, Place::first, treatment});
  for (const SharedBytes& attachment : attachments) {
    bytes_ += cost(*attachment);
    frames.push_back({attachment, MessageKind::binary, Place::attachment, treatment});
  }
}

void Outbox::push_front(SharedBytes text, Treatment treatment) {
  bytes_ += cost(*text);
  frames().push_front({std::move(text), MessageKind::text, Place::first, treatment});
  ++first_expendable_;
}

void Outbox::clear() {
  frames_.reset();
  first_expendable_ = dropped_ = bytes_ = 0;
}

bool Outbox::drop_oldest() {
  if (empty()) return false;
  std::deque<Frame>& frames = *frames_;
  std::size_t at = first_expendable_;
  while (at < frames.size() &&
         (!frames[at].bytes || frames[at].treatment.importance == Importance::required)) {
    ++at;
  }
  first_expendable_ = at;
  if (at == frames.size()) return false;
  do {
    bytes_ -= cost(*frames[at].bytes);
    frames[at].bytes = nullptr;
    ++dropped_;
    ++at;
  } while (at < frames.size() && frames[at].place == Place::attachment);
  first_expendable_ = at;
  skip_dropped();
  return true;
}

std::deque<Outbox::Frame>& Outbox::frames() {
  if (!frames_) frames_ = std::make_unique<std::deque<Frame>>();
  return *frames_;
}

Outbox::Frame Outbox::take_first() {
  Frame first = std::move(frames_->front());
  frames_->pop_front();
  if (first_expendable_ > 0) --first_expendable_;
  return first;
}

void Outbox::skip_dropped() {
  while (!empty() && !frames_->front().bytes) {
    take_first();
    --dropped_;
  }
  if (empty()) clear();
}

void Outbox::compact() {
  std::erase_if(*frames_, [](const Frame& frame) { return !frame.bytes; });
  first_expendable_ = dropped_ = 0;
}

std::size_t Outbox::first_unit_size() const {
  std::size_t size = 1;
  while (size < frames_->size() && (*frames_)[size].place == Place::attachment) ++size;
  return size;
}

void Outbox::require_rest_of_unit() {
  for (Frame& frame : *frames_) {
    if (frame.place == Place::first) return;
    frame.treatment.importance = Importance::required;
  }
}

Payload Outbox::take_payload(const Framing& framing, std::size_t max_packets) {
  const std::size_t most = max_packets == 0 ? packets() : std::min(max_packets, packets());
  std::vector<Message> messages;
  messages.reserve(most);
  auto compression = Compression::declined;
  while (messages.size() < most) {
    std::size_t unit = first_unit_size();
    const bool fits = messages.size() + unit <= most;
    if (!fits && !messages.empty()) break;
    for (unit = std::min(unit, most); unit > 0; --unit) {
      Frame frame = take_first();
      bytes_ -= cost(*frame.bytes);
      if (frame.treatment.compression == Compression::allowed) compression = Compression::allowed;
      messages.push_back({frame.kind, std::move(frame.bytes)});
    }
    if (!fits) require_rest_of_unit();
    skip_dropped();
  }
  Payload payload = framing.write_body(messages);
  payload.compression = compression;
  return payload;
}

}  // namespace sioserve::engine
