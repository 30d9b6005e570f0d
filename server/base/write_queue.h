// The output of one socket or stream: owned strings, shared buffers and parts of files, in order.
// Small writes are joined, so that an iteration's output needs few buffers. Knows nothing of
// sockets.
#pragma once

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

// Two lists: the one being written is not changed (the kernel or libuv may hold pointers into it),
// new writes are appended to the other.
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
  void write_shared(SharedBytes bytes);
  void write_file(FilePart part);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Fills `parts` with the next buffers to write, in order, up to `max_bytes` and to the next part
  // of a file, and returns their number. They are valid until consume() has passed them.
  std::size_t next_parts(std::span<Part> parts, std::size_t max_bytes);
  // The rest of the next part of a file, if it is next in the queue.
  std::optional<FilePart> next_file();
  // The first `bytes` of next_parts() or next_file() have been written.
  void consume(std::size_t bytes);

 private:
  using Segment = std::variant<std::string, SharedBytes, FilePart>;

  static std::string_view view(const Segment& segment);
  static std::size_t size_of(const Segment& segment);
  std::string& open_tail();
  void release(Segment& segment);
  void take_gathered();

  std::vector<Segment> gathering_;
  std::vector<Segment> writing_;
  std::string spare_;       // empty; its memory is used for the next small writes
  std::size_t first_ = 0;   // the first segment of writing_ that is not completely written
  std::size_t offset_ = 0;  // the number of its bytes that are written
  std::size_t size_ = 0;    // bytes in both lists
};

}  // namespace sioserve
