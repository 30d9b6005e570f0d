#include "server/http2/stream.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sioserve::http2 {
namespace {

// How much of a file is read at a time.
constexpr std::uint64_t max_file_portion = 262'144;

using Parts = std::array<WriteQueue::Part, 16>;

}  // namespace

std::size_t Stream::ready(std::size_t most) {
  if (!file_bytes_.empty()) return std::min(most, file_bytes_.size() - file_given_);
  Parts parts;
  const std::size_t count = queue_.next_parts(parts, most);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += parts[i].size;
  return bytes;
}

void Stream::write(std::size_t bytes, OutputSink& sink) {
  if (!file_bytes_.empty()) {
    sink.write(std::string_view(file_bytes_).substr(file_given_, bytes));
    file_given_ += bytes;
    if (file_given_ == file_bytes_.size()) std::exchange(file_bytes_, {}), file_given_ = 0;
    queue_.consume(bytes);
    return;
  }
  Parts parts;
  const std::size_t count = queue_.next_parts(parts, bytes);
  for (std::size_t i = 0; i < count; ++i) sink.write(parts[i].view());
  queue_.consume(bytes);
}

std::optional<FilePart> Stream::next_file_wanted() {
  if (file_asked_ || !file_bytes_.empty()) return std::nullopt;
  auto part = queue_.next_file();
  if (!part) return std::nullopt;
  file_asked_ = true;
  part->size = std::min(part->size, max_file_portion);
  return part;
}

void Stream::give_file_bytes(std::string bytes) {
  file_asked_ = false;
  file_bytes_ = std::move(bytes);
  file_given_ = 0;
}

}  // namespace sioserve::http2
