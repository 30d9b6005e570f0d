#include "asgi-bridge/fork_generation.h"

#include <pthread.h>

#include <atomic>

namespace sioserve::bridge {

unsigned fork_generation() {
  static std::atomic<unsigned> generation{0};
  static const int registered = ::pthread_atfork(
      nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace sioserve::bridge
