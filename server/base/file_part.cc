#include "server/base/file_part.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace sioserve {

Result<FilePart, int> open_whole_file(const std::string& path) {
  // Without O_NONBLOCK, open() would block on a named pipe that has no writer.
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (descriptor.get() < 0 || ::fstat(descriptor.get(), &status) != 0) return Failure{errno};
  if (S_ISDIR(status.st_mode)) return Failure{EISDIR};
  if (!S_ISREG(status.st_mode)) return Failure{EINVAL};
  auto file = std::make_shared<const OpenFile>(std::move(descriptor), path);
  return FilePart{std::move(file), 0, static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace sioserve
