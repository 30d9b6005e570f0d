// The file of a listening Unix socket; the destructor removes it.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

namespace sioserve::net {

class SocketFile {
 public:
  SocketFile() = default;
  // `path` has just been bound.
  explicit SocketFile(std::string path);
  SocketFile(SocketFile&& other) noexcept { swap(other); }
  SocketFile& operator=(SocketFile&& other) noexcept {
    SocketFile(std::move(other)).swap(*this);
    return *this;
  }
  // Another server may have created its own socket there meanwhile; it is not removed.
  ~SocketFile();

 private:
  void swap(SocketFile& other) noexcept;

  std::string path_;  // empty: no file
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace sioserve::net
