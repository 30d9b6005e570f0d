// Finds and opens the file that answers a request.
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

// `path`: below the directory, as from relative_path(). Of the compressed variants beside the file,
// the best one that the client takes; one without an original is no file. The error is errno's,
// ENOENT for whatever is not there, lies outside, or is no regular file. May wait for a disk.
Result<FoundFile, int> find_file(const std::string& directory, const std::string& path,
                                 const std::string& accept_encoding, const ContentTypes& types);

}  // namespace sioserve::static_files
