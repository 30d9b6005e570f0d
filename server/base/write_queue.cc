#include "server/base/write_queue.h"

#include <cassert>
#include <utility>

namespace sioserve {
namespace {

// Up to this size, copying is cheaper than a separate segment.
constexpr std::size_t copy_limit = 1'024;
// The approximate size up to which small writes are joined in one string.
constexpr std::size_t joined_limit = 16'384;
// The memory that an empty queue keeps for its next small writes: enough for events and most heads
// of responses, little for an idle connection.
constexpr std::size_t kept_limit = 256;

}  // namespace

void WriteQueue::write(std::string_view bytes) {
  size_ += bytes.size();
  if (gathering().tail.size() >= joined_limit) close_tail();
  gathering().tail.append(bytes);
}

void WriteQueue::write_owned(std::string bytes) {
  if (bytes.size() <= copy_limit) return write(bytes);
  size_ += bytes.size();
  gather(std::move(bytes));
}

void WriteQueue::write_shared(const SharedBytes& bytes) {
  if (bytes->size() <= copy_limit) return write(*bytes);
  size_ += bytes->size();
  gather(bytes);
}

void WriteQueue::write_file(FilePart part) {
  if (part.size == 0) return;
  size_ += part.size;
  gather(std::move(part));
}

std::size_t WriteQueue::next_parts(std::span<Part> parts, std::size_t max_bytes) {
  take_gathered();
  std::size_t count = 0;
  std::size_t skip = offset_;
  const auto add = [&](std::string_view bytes) {
    bytes = bytes.substr(skip, max_bytes);
    skip = 0;
    max_bytes -= bytes.size();
    parts[count++] = {bytes.data(), bytes.size()};
  };
  const auto is_full = [&] { return count == parts.size() || max_bytes == 0; };
  const Batch& batch = writing();
  for (std::size_t i = first_; i < batch.segments.size(); ++i) {
    if (is_full() || std::holds_alternative<FilePart>(batch.segments[i])) return count;
    add(view(batch.segments[i]));
  }
  if (!is_full() && !batch.tail.empty()) add(batch.tail);
  return count;
}

std::optional<FilePart> WriteQueue::next_file() {
  take_gathered();
  if (first_ == writing().segments.size()) return std::nullopt;
  const auto* part = std::get_if<FilePart>(&writing().segments[first_]);
  if (part == nullptr) return std::nullopt;
  return FilePart{part->file, part->offset + offset_, part->size - offset_};
}

void WriteQueue::consume(std::size_t bytes) {
  assert(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    Batch& batch = writing();
    const bool in_tail = first_ == batch.segments.size();
    const std::size_t all = in_tail ? batch.tail.size() : size_of(batch.segments[first_]);
    if (bytes < all - offset_) {
      offset_ += bytes;
      return;
    }
    bytes -= all - offset_;
    offset_ = 0;
    if (in_tail) {
      release_tail();
    } else {
      // Frees large buffers and files as early as possible.
      batch.segments[first_++].emplace<SharedBytes>();
    }
  }
}

// If everything that was being written is written.
void WriteQueue::take_gathered() {
  const Batch& batch = writing();
  if (size_ > 0 && first_ == batch.segments.size() && batch.tail.empty()) change_batches();
}

void WriteQueue::change_batches() {
  writing().segments.clear();
  first_ = 0;
  gathering_ = 1 - gathering_;
}

std::string_view WriteQueue::view(const Segment& segment) {
  if (const auto* owned = std::get_if<std::string>(&segment)) return *owned;
  return **std::get_if<SharedBytes>(&segment);
}

std::size_t WriteQueue::size_of(const Segment& segment) {
  if (const auto* part = std::get_if<FilePart>(&segment)) return part->size;
  return view(segment).size();
}

void WriteQueue::gather(Segment segment) {
  close_tail();
  gathering().segments.push_back(std::move(segment));
}

void WriteQueue::close_tail() {
  Batch& batch = gathering();
  if (batch.tail.empty()) return;
  batch.segments.emplace_back(std::exchange(batch.tail, std::string()));
}

// Keeps the memory of one small string for the next small writes.
void WriteQueue::release_tail() {
  std::string& tail = writing().tail;
  if (tail.capacity() > kept_limit || size_ > 0) {
    std::string().swap(tail);
  } else {
    tail.clear();
    change_batches();
  }
}

}  // namespace sioserve
