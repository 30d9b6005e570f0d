#include "server/static_files/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sioserve::static_files {
namespace {

constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
constexpr int max_attempts = 8;

Result<FileDescriptor, int> result_of(int fd) {
  if (fd < 0) return Failure{errno};
  return FileDescriptor(fd);
}

// The real path of a descriptor's file.
std::optional<std::string> true_path(int fd) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  if (size <= 0 || static_cast<std::size_t>(size) == path.size()) return std::nullopt;
  return std::string(path.data(), static_cast<std::size_t>(size));
}

// For kernels before 5.6, and containers that forbid openat2(): finds the file without opening it,
// and opens it only if it is below the directory.
Result<FileDescriptor, int> open_if_beneath(int directory, const std::string& path) {
  const FileDescriptor found(::openat(directory, path.c_str(), O_PATH | O_CLOEXEC));
  if (found.get() < 0) return Failure{errno};
  const auto root = true_path(directory);
  const auto place = true_path(found.get());
  if (!root || !place || !place->starts_with(*root == "/" ? *root : *root + "/")) {
    return Failure{EXDEV};
  }
  return result_of(::open(("/proc/self/fd/" + std::to_string(found.get())).c_str(), flags));
}

}  // namespace

Result<FileDescriptor, int> open_directory(const std::string& path) {
  return result_of(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

Result<FileDescriptor, int> open_beneath(const FileDescriptor& directory, const std::string& path) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    const long fd = ::syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof(how));
    if (fd >= 0) return FileDescriptor(static_cast<int>(fd));
    if (errno == ENOSYS || errno == EPERM) return open_if_beneath(directory.get(), path);
    if (errno != EAGAIN) break;  // EAGAIN: another process renames a part of the path
  }
  return Failure{errno};
}

}  // namespace sioserve::static_files
