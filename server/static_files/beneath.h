// Opens files only below a directory, even if the path contains symbolic links.
#pragma once

#include <string>

#include "server/base/file_descriptor.h"
#include "server/base/result.h"

namespace sioserve::static_files {

// The directory itself, for open_beneath(); its path may contain links. The error is errno's.
Result<FileDescriptor, int> open_directory(const std::string& path);

// Opens `path` for reading. Links are followed as long as they stay below the directory: one that
// leads out of it, or names an absolute path, gives EXDEV. May wait for a disk, but not for the
// other end of a named pipe.
Result<FileDescriptor, int> open_beneath(const FileDescriptor& directory, const std::string& path);

}  // namespace sioserve::static_files
