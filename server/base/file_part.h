// A part of an open file on its way to a client: the kernel sends it, our memory never holds it.
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

// Several parts of one file (byte ranges) may be under way at once; the last one closes it.
struct FilePart {
  std::shared_ptr<const OpenFile> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// The whole of a regular file, or the errno that says why not (EISDIR for a directory). May wait
// for a disk.
Result<FilePart, int> open_whole_file(const std::string& path);

}  // namespace sioserve
