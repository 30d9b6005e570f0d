// A part of an open file to be sent: the kernel sends it, without reading it into memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"

namespace sioserve {

struct OpenFile {
  FileDescriptor descriptor;
  std::string path;  // for the log
};

// Several parts of one file (byte ranges) may be in flight at the same time; the last one closes
// it.
struct FilePart {
  std::shared_ptr<const OpenFile> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// A whole regular file, or the errno (EISDIR for a directory). May wait for the disk.
Result<FilePart, int> open_whole_file(const std::string& path);

}  // namespace sioserve
