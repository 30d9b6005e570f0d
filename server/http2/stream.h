// What the engine knows of one open stream, above all the part of the response's body that no DATA
// frame has taken yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "server/base/file_part.h"
#include "server/base/header_block.h"
#include "server/base/output_sink.h"
#include "server/base/write_queue.h"
#include "server/http2/values.h"

namespace sioserve::http2 {

class Stream {
 public:
  explicit Stream(StreamId number) : id(number) {}

  WriteQueue& queue() { return queue_; }
  std::size_t queued() const { return queue_.size(); }
  // How many of the next `most` bytes are in memory.
  std::size_t ready(std::size_t most);
  // Of ready().
  void write(std::size_t bytes, OutputSink& sink);

  // The next bytes of a file, if they have to be read now. Once, until give_file_bytes().
  std::optional<FilePart> next_file_wanted();
  void give_file_bytes(std::string bytes);

  const StreamId id;
  HeaderBlock trailers;
  std::uint64_t body_bytes = 0;  // received
  bool request_ended = false;
  bool reset_by_client = false;
  bool is_tunnel = false;  // a WebSocket: its bytes are no body
  bool body_too_large = false;
  bool response_begun = false;   // its head
  bool response_ends = false;    // behind the queue
  bool response_ended = false;   // and that has been written
  bool waits_for_bytes = false;  // nghttp2 must be told when there are more
  bool reset_by_owner = false;
  bool reset_by_engine = false;
  std::uint64_t drain_batch = 0;  // the latest batch of events that has a Drained of it

 private:
  WriteQueue queue_;
  std::string file_bytes_;      // the next bytes of the queue, which has a file there
  std::size_t file_given_ = 0;  // of them, written
  bool file_asked_ = false;
};

}  // namespace sioserve::http2
