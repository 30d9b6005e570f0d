#include "server/net/socket_file.h"

#include <sys/stat.h>
#include <unistd.h>

namespace sioserve::net {

SocketFile::SocketFile(std::string path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  path_ = std::move(path);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile::~SocketFile() {
  struct stat status {};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

void SocketFile::swap(SocketFile& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
}

}  // namespace sioserve::net
