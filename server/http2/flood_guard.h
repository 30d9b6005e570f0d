// Limits what a client may make the server do without using it: attacks that are cheap for the
// client and cost the server much. Counts by itself, because the protocol library has such limits
// only in newer versions.
//
// * Streams that the client resets, or makes the server reset, before their response has ended
//   (rapid reset, CVE-2023-44487; MadeYouReset, CVE-2025-8671), or that the server cuts because the
//   client opens no window.
// * Frames that carry nothing: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, CONTINUATION, DATA that is
//   empty or only padding, unknown ones. A client that uses the connection sends such frames too,
//   so each request and each DATA frame to the client pays for a few of them.
// * The bytes of a header block, as sent and decompressed (HPACK bombs and references).
//
// Each is a budget that refills at a constant rate. A client above a limit gets GOAWAY with
// ENHANCE_YOUR_CALM. Before, when three quarters of a budget are spent, it is asked to leave, so
// that one that means no harm goes to a new connection.
#pragma once

#include <cstddef>
#include <optional>

#include "server/base/clock.h"
#include "server/http2/values.h"

namespace sioserve::http2 {

enum class Flood { resets, frames, headers };

// Full at first.
class Budget {
 public:
  Budget(double size, double per_second) : size_(size), per_second_(per_second), left_(size) {}

  // Whether there was as much.
  [[nodiscard]] bool spend(double amount, TimePoint now);
  void add(double amount);
  // Less than a quarter is left.
  bool is_low() const { return left_ < size_ / 4; }

 private:
  const double size_;
  const double per_second_;
  double left_;
  TimePoint at_{};
};

class FloodGuard {
 public:
  // `max_header_bytes`: twice as many are a flood.
  explicit FloodGuard(std::size_t max_header_bytes) : max_block_(2 * max_header_bytes) {}

  // Each returns false from the time when a limit is exceeded. A frame of the client begins:
  bool on_frame(const FrameHeader& frame, TimePoint now);
  // A DATA frame that on_frame() took for a useful one has only padding.
  bool on_padding(TimePoint now) { return spend(frames_, Flood::frames, now); }
  // A stream was reset before its response had ended.
  bool on_reset(TimePoint now);
  // A request that the library refused without telling: too many streams are open.
  bool on_refused_stream(TimePoint now);
  // The next header of a block; its size counts as in HTTP/1.
  bool on_header(std::size_t bytes);

  void on_request() { frames_.add(earned_by_use); }
  void on_data_sent() { frames_.add(earned_by_use); }

  std::optional<Flood> flood() const { return flood_; }
  // A budget has been low.
  bool is_near() const { return is_near_; }

 private:
  static constexpr double max_resets = 100;
  static constexpr double resets_per_second = 33;
  static constexpr double max_frames = 1'000;
  static constexpr double frames_per_second = 100;
  static constexpr double earned_by_use = 4;

  bool add_to_block(std::size_t bytes);
  bool spend(Budget& budget, Flood flood, TimePoint now);

  const std::size_t max_block_;
  std::size_t block_ = 0;    // bytes of the header block as sent
  std::size_t headers_ = 0;  // the same, decompressed
  Budget resets_{max_resets, resets_per_second};
  Budget frames_{max_frames, frames_per_second};
  std::optional<Flood> flood_;
  bool is_near_ = false;
};

}  // namespace sioserve::http2
