// Finds and opens the file for a request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/base/file_part.h"
#include "server/base/result.h"
#include "server/static_files/answer.h"
#include "server/static_files/content_types.h"

namespace sioserve::static_files {

struct FoundFile {
  FileFacts facts;
  std::shared_ptr<const OpenFile> file;
};

// `path`: below the directory, from relative_path(). Opens the best compressed variant that the
// client accepts, if there is one; a variant without an original is ignored. The error is an errno,
// ENOENT for files that are missing, outside the directory, or not regular. May wait for the disk.
Result<FoundFile, int> find_file(const std::string& directory, const std::string& path,
                                 const std::string& accept_encoding, const ContentTypes& types);

}  // namespace sioserve::static_files
