// The response to a request for a file: its head, and which bytes of the file follow.
//
// A pure function of the request and the file's metadata. Uses no files and no sockets.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include "server/base/http_values.h"
#include "server/static_files/conditions.h"
#include "server/static_files/content_coding.h"

namespace sioserve::static_files {

// The relevant parts of a GET or HEAD request.
struct FileRequest {
  bool is_head = false;
  Conditions conditions;
  std::string range;
  std::string accept_encoding;
};

FileRequest read_request(const RequestHead& head);

// The file that was found.
struct FileFacts {
  std::string name;  // of the original file, without its folders
  std::string content_type;
  std::uint64_t size = 0;
  std::time_t modified = 0;
  long modified_nanoseconds = 0;
  const Coding* coding = nullptr;  // null: the original
  bool varies = false;             // there are compressed variants
};

struct Answer {
  // Text of the server, then a part of the file.
  struct Piece {
    std::string text;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  ResponseHead head;  // with Content-Length, except for a 304
  std::vector<Piece> pieces;
};

// `boundary` separates several ranges; it must not occur in the file, so it is random.
Answer answer_with(const FileRequest& request, const FileFacts& file, std::time_t now,
                   const std::string& boundary);

// Whether a name contains a hash of the content, as Django's ManifestStaticFilesStorage generates
// it: such a file never changes.
bool has_hash(std::string_view name);

}  // namespace sioserve::static_files
