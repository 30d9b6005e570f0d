// Whether a frame is for a stream that the client has closed: then the client is in error (RFC 9113
// section 5.1). On a stream that the server has reset, frames can still be on their way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_set>

namespace sioserve::http2 {

class ClosedStreams {
 public:
  // HEADERS have arrived with this number.
  void begun(std::int32_t stream) {
    if (stream > last_) last_ = stream;
  }
  // The server has reset or refused the stream before the client ended it.
  void reset_by_server(std::int32_t stream) {
    if (!known_.insert(stream).second) return;
    order_.push_back(stream);
    if (order_.size() <= max_known) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  // RST_STREAM has arrived, perhaps so lately that the stream is still open here.
  void reset_by_client(std::int32_t stream) { last_reset_ = stream; }

  bool closed_by_client(std::int32_t stream, bool is_open) const {
    if (stream == 0 || stream > last_ || known_.contains(stream)) return false;
    return !is_open || stream == last_reset_;
  }

 private:
  // The latest. So long after a reset, nothing is on its way any more.
  static constexpr std::size_t max_known = 1'000;

  std::int32_t last_ = 0;
  std::int32_t last_reset_ = 0;
  std::unordered_set<std::int32_t> known_;
  std::deque<std::int32_t> order_;
};

}  // namespace sioserve::http2
