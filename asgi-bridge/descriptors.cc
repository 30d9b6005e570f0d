#include "asgi-bridge/descriptors.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace sioserve::bridge {
namespace {

// Enough for two event loops with their wake-up descriptors, a listener and a few files that Python
// opens.
constexpr int needed = 20;

bool can_open_needed() {
  std::array<int, needed> opened;
  opened.fill(-1);
  for (int& fd : opened) fd = ::eventfd(0, EFD_CLOEXEC);
  for (const int fd : opened) {
    if (fd >= 0) ::close(fd);
  }
  return opened.back() >= 0;
}

}  // namespace

bool open_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // open() returns the lowest free number, which is `fd`.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd) return false;
  }
  return true;
}

bool has_enough_descriptors() {
  if (can_open_needed()) return true;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur + needed, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && can_open_needed();
}

}  // namespace sioserve::bridge
