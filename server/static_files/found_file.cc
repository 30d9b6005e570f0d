#include "server/static_files/found_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "server/static_files/beneath.h"

namespace sioserve::static_files {
namespace {

bool means_not_found(int error) {
  return error == ENOTDIR || error == ELOOP || error == EXDEV || error == ENAMETOOLONG ||
         error == EISDIR || error == ENXIO;
}

Result<FoundFile, int> open_one(const FileDescriptor& directory, const std::string& path) {
  auto descriptor = open_beneath(directory, path);
  if (!descriptor) {
    return Failure{means_not_found(descriptor.error()) ? ENOENT : descriptor.error()};
  }
  struct stat status {};
  if (::fstat(descriptor->get(), &status) != 0) return Failure{errno};
  if (!S_ISREG(status.st_mode)) return Failure{ENOENT};
  FoundFile found;
  found.facts.size = static_cast<std::uint64_t>(status.st_size);
  found.facts.modified = status.st_mtim.tv_sec;
  found.facts.modified_nanoseconds = status.st_mtim.tv_nsec;
  found.file = std::make_shared<const OpenFile>(std::move(*descriptor), path);
  return found;
}

bool exists(const FileDescriptor& directory, const std::string& path) {
  return ::faccessat(directory.get(), path.c_str(), R_OK, 0) == 0;
}

}  // namespace

Result<FoundFile, int> find_file(const std::string& directory_path, const std::string& path,
                                 const std::string& accept_encoding, const ContentTypes& types) {
  // Opened for each request: a deployment may replace the directory.
  const auto directory = open_directory(directory_path);
  if (!directory) return Failure{means_not_found(directory.error()) ? ENOENT : directory.error()};
  auto found = open_one(*directory, path);
  if (!found) return found;

  bool varies = std::any_of(codings.begin(), codings.end(), [&](const Coding& coding) {
    return exists(*directory, path + std::string(coding.suffix));
  });
  if (varies) {
    for (const Coding* coding : acceptable_codings(accept_encoding)) {
      auto variant = open_one(*directory, path + std::string(coding->suffix));
      if (!variant) continue;
      variant->facts.coding = coding;
      found = std::move(variant);
      break;
    }
  }
  found->facts.varies = varies;
  found->facts.name = path.substr(path.rfind('/') + 1);
  found->facts.content_type = types.of(found->facts.name);
  return found;
}

}  // namespace sioserve::static_files
