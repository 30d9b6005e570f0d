#include "server/base/write_queue.h"

#include <cassert>
#include <utility>

namespace sioserve {
namespace {

// Up to this size, copying is cheaper than a separate segment.
constexpr std::size_t copy_limit = 1'024;
// The approximate size up to which small writes are joined in one string.
constexpr std::size_t joined_limit = 16'384;

}  // namespace

void WriteQueue::write(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  open_tail().append(bytes);
}

void WriteQueue::write_owned(std::string bytes) {
  if (bytes.size() <= copy_limit) {
    write(bytes);
    return;
  }
  size_ += bytes.size();
  gathering_.emplace_back(std::move(bytes));
}

void WriteQueue::write_shared(SharedBytes bytes) {
  if (bytes->size() <= copy_limit) {
    write(*bytes);
    return;
  }
  size_ += bytes->size();
  gathering_.emplace_back(std::move(bytes));
}

void WriteQueue::write_file(FilePart part) {
  if (part.size == 0) return;
  size_ += part.size;
  gathering_.emplace_back(std::move(part));
}

std::size_t WriteQueue::next_parts(std::span<Part> parts, std::size_t max_bytes) {
  if (first_ == writing_.size()) take_gathered();
  std::size_t count = 0;
  std::size_t skip = offset_;
  for (std::size_t i = first_; i < writing_.size() && count < parts.size() && max_bytes > 0; ++i) {
    if (std::holds_alternative<FilePart>(writing_[i])) break;
    const std::string_view part = view(writing_[i]).substr(skip, max_bytes);
    skip = 0;
    max_bytes -= part.size();
    parts[count++] = {part.data(), part.size()};
  }
  return count;
}

std::optional<FilePart> WriteQueue::next_file() {
  if (first_ == writing_.size()) take_gathered();
  if (first_ == writing_.size()) return std::nullopt;
  const auto* part = std::get_if<FilePart>(&writing_[first_]);
  if (part == nullptr) return std::nullopt;
  return FilePart{part->file, part->offset + offset_, part->size - offset_};
}

void WriteQueue::consume(std::size_t bytes) {
  assert(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    const std::size_t left = size_of(writing_[first_]) - offset_;
    if (bytes < left) {
      offset_ += bytes;
      return;
    }
    bytes -= left;
    offset_ = 0;
    release(writing_[first_]);
    ++first_;
  }
}

void WriteQueue::take_gathered() {
  writing_.clear();
  first_ = 0;
  writing_.swap(gathering_);
}

std::string_view WriteQueue::view(const Segment& segment) {
  if (const auto* owned = std::get_if<std::string>(&segment)) return *owned;
  return **std::get_if<SharedBytes>(&segment);
}

std::size_t WriteQueue::size_of(const Segment& segment) {
  if (const auto* part = std::get_if<FilePart>(&segment)) return part->size;
  return view(segment).size();
}

// A string that small writes are appended to.
std::string& WriteQueue::open_tail() {
  if (!gathering_.empty()) {
    auto* tail = std::get_if<std::string>(&gathering_.back());
    if (tail != nullptr && tail->size() < joined_limit) return *tail;
  }
  return std::get<std::string>(gathering_.emplace_back(std::exchange(spare_, std::string())));
}

// Frees large buffers and files as early as possible.
void WriteQueue::release(Segment& segment) {
  auto* owned = std::get_if<std::string>(&segment);
  if (owned != nullptr && owned->capacity() <= copy_limit) {
    owned->clear();
    spare_ = std::move(*owned);
  }
  segment.emplace<SharedBytes>();
}

}  // namespace sioserve
