// The browser's client library, served by the server itself: <mount path>/socket.io.js, its
// minified, ES module and msgpack variants, and their source maps.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/connection/stream_handlers.h"
#include "server/transport/cors.h"

namespace sioserve::transport {

// Lives on the I/O thread, longer than its handlers.
class ClientFiles {
 public:
  // One file of the library. `content` is empty if the file is not installed.
  struct File {
    std::string path;
    std::string content_type;
    std::optional<std::string> content;
    std::string etag;
  };

  // Reads the files. If `directory` is empty, no files are installed. `cors` outlives this object.
  ClientFiles(std::string directory, std::string mount_path, const Cors& cors);

  // Whether `path`, percent-decoded, is the path of a client file, installed or not.
  bool owns(std::string_view path) const;

  // Answers a request for a path that this object owns.
  std::unique_ptr<connection::RequestHandler> make_handler(connection::Exchange& exchange);

 private:
  const File* find(std::string_view path) const;

  std::string prefix_;  // of all their paths
  std::vector<File> files_;
  const Cors& cors_;
};

}  // namespace sioserve::transport
