// Opens files only below a directory, even if the path contains symbolic links.
#pragma once

#include <string>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"

namespace sioserve::static_files {

// The directory itself, for open_beneath(); its path may contain links. The error is an errno.
Result<FileDescriptor, int> open_directory(const std::string& path);

// Opens `path` for reading. Links are followed only below the directory: a link that leads out of
// it, or has an absolute path, fails with EXDEV. May wait for a disk, but does not block on a named
// pipe.
Result<FileDescriptor, int> open_beneath(const FileDescriptor& directory, const std::string& path);

}  // namespace sioserve::static_files
