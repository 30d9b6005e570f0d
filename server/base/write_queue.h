// The output of one socket or stream: owned strings, shared buffers and parts of files, in order.
// Small writes are joined, so that an iteration's output needs few buffers. Knows nothing of
// sockets.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/file_part.h"

namespace sioserve {

// Two batches: the one being written is not changed (the kernel or libuv may hold pointers into
// it), new writes are appended to the other.
class WriteQueue {
 public:
  // Without a constructor, so that an array for many parts costs nothing.
  struct Part {
    const char* data;
    std::size_t size;

    std::string_view view() const { return {data, size}; }
  };

  void write(std::string_view bytes);
  void write_owned(std::string bytes);
  void write_shared(const SharedBytes& bytes);
  void write_file(FilePart part);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Fills `parts` with the next buffers to write, in order, up to `max_bytes` and to the next part
  // of a file, and returns their number. They are valid until consume() has passed them. None, if
  // the queue is not empty: a file is next.
  std::size_t next_parts(std::span<Part> parts, std::size_t max_bytes);
  // The rest of the next part of a file, if it is next in the queue.
  std::optional<FilePart> next_file();
  // The first `bytes` of next_parts() or next_file() have been written.
  void consume(std::size_t bytes);

 private:
  using Segment = std::variant<std::string, SharedBytes, FilePart>;
  // In this order. Most often there is only the tail.
  struct Batch {
    std::vector<Segment> segments;
    std::string tail;  // of small writes
  };

  static std::string_view view(const Segment& segment);
  static std::size_t size_of(const Segment& segment);
  void gather(Segment segment);
  void close_tail();
  void release_tail();
  void take_gathered();
  void change_batches();

  Batch& gathering() { return batches_[gathering_]; }
  Batch& writing() { return batches_[1 - gathering_]; }

  std::array<Batch, 2> batches_;
  std::size_t gathering_ = 0;  // the one that new writes are appended to
  std::size_t first_ = 0;      // the first segment being written that is not completely written
  std::size_t offset_ = 0;     // the number of its bytes, or of the tail's, that are written
  std::size_t size_ = 0;       // bytes in both batches
};

}  // namespace sioserve
