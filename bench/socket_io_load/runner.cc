#include "bench/socket_io_load/runner.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "bench/socket_io_load/cpu_time.h"
#include "bench/socket_io_load/fail.h"
#include "bench/socket_io_load/socket.h"

namespace load {
namespace {

constexpr auto longest_wait = std::chrono::milliseconds(20);
constexpr double connect_timeout = 120;

timespec timespec_of(Clock::duration wait) {
  const auto nanoseconds = std::chrono::nanoseconds(wait).count();
  return {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
}

}  // namespace

Clock::duration seconds_of(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

Runner::Runner(Options options) : options_(std::move(options)), epoll_(::epoll_create1(0)) {}

Runner::~Runner() { ::close(epoll_); }

void Runner::run() {
  connect_all();
  begin();
  turn_for(options_.warm);
  on_counting();
  const std::size_t before = count_;
  const CpuTime cpu = cpu_time(options_.servers);
  const auto start = Clock::now();
  turn_for(options_.seconds);
  const std::chrono::duration<double> took = Clock::now() - start;
  const CpuTime after = cpu_time(options_.servers);
  const std::size_t counted = count_ - before;
  finish();
  std::printf("{\"count\": %zu, \"seconds\": %f, \"cpu\": %f, \"user\": %f%s}\n", counted,
              took.count(), after.all - cpu.all, after.user - cpu.user, more().c_str());
}

void Runner::connect_all() {
  connect();
  if (!turn_until([this] { return all_connected(); }, Clock::now() + seconds_of(connect_timeout))) {
    fail("the clients could not connect in time");
  }
}

void Runner::turn_for(double seconds) {
  turn_until([] { return false; }, Clock::now() + seconds_of(seconds));
}

bool Runner::turn_until(const std::function<bool()>& done, Clock::time_point end) {
  epoll_event events[256];
  while (!done()) {
    const auto now = Clock::now();
    if (now >= end) return false;
    const auto due = std::min({end, next_turn(), now + longest_wait});
    const timespec wait = timespec_of(std::max(due - now, Clock::duration::zero()));
    const int count = ::epoll_pwait2(epoll_, events, 256, &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      static_cast<Watcher*>(events[i].data.ptr)->on_ready(events[i].events);
    }
    after_turn();
  }
  return true;
}

}  // namespace load
