// Where an encoder puts its bytes: a stream to a peer, or a string in a test.
#pragma once

#include <string>
#include <string_view>

#include "server/base/file_part.h"

namespace sioserve {

class OutputSink {
 public:
  virtual void write(std::string_view bytes) = 0;
  virtual void write_owned(std::string bytes) = 0;
  virtual void write_file(FilePart part) = 0;

 protected:
  ~OutputSink() = default;
};

}  // namespace sioserve
