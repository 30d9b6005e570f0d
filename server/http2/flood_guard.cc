#include "server/http2/flood_guard.h"

#include <algorithm>
#include <chrono>

namespace sioserve::http2 {

bool Budget::spend(double amount, TimePoint now) {
  if (now > at_) {
    const std::chrono::duration<double> passed = now - at_;
    left_ = std::min(size_, left_ + passed.count() * per_second_);
    at_ = now;
  }
  if (left_ < amount) return false;
  left_ -= amount;
  return true;
}

void Budget::add(double amount) { left_ = std::min(size_, left_ + amount); }

bool FloodGuard::on_frame(const FrameHeader& frame, TimePoint now) {
  if (flood_) return false;
  switch (frame.type) {
    case FrameType::data: {
      const bool useful = frame.length > 0 || (frame.flags & flag::end_stream) != 0;
      return useful || spend(frames_, Flood::frames, now);
    }
    case FrameType::headers:
      block_ = headers_ = 0;
      return add_to_block(frame.length);
    case FrameType::continuation:
      return add_to_block(frame.length) && spend(frames_, Flood::frames, now);
    case FrameType::priority:
    case FrameType::rst_stream:
    case FrameType::settings:
    case FrameType::push_promise:
    case FrameType::ping:
    case FrameType::goaway:
    case FrameType::window_update:
      break;
  }
  return spend(frames_, Flood::frames, now);
}

bool FloodGuard::on_reset(TimePoint now) { return spend(resets_, Flood::resets, now); }

bool FloodGuard::on_refused_stream(TimePoint now) { return spend(frames_, Flood::frames, now); }

bool FloodGuard::on_header(std::size_t bytes) {
  headers_ += bytes;
  if (headers_ > max_block_) flood_ = Flood::headers;
  return !flood_;
}

bool FloodGuard::add_to_block(std::size_t bytes) {
  block_ += bytes;
  if (block_ > max_block_) flood_ = Flood::headers;
  return !flood_;
}

bool FloodGuard::spend(Budget& budget, Flood flood, TimePoint now) {
  if (!flood_ && !budget.spend(1, now)) flood_ = flood;
  is_near_ = is_near_ || budget.is_low();
  return !flood_;
}

}  // namespace sioserve::http2
