// Answers requests below the prefixes of --static with files, without Python.
// Mounts are sorted, so the first matching prefix is the longest. Disk access runs in the
// background: find_file(), and reading a small file, so that it is sent together with the head.
// Large files are sent with send_file(). A missing file gets 404 here, without asking the
// application.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/config.h"
#include "server/base/logger.h"
#include "server/base/result.h"
#include "server/connection/stream_handlers.h"
#include "server/static_files/content_types.h"

namespace sioserve::static_files {

// Runs the first function on another thread, then always the second one on the I/O thread.
using Background = std::function<void(std::function<void()> work, std::function<void()> done)>;

// Lives on the I/O thread, longer than its handlers.
class FileServer {
 public:
  FileServer(const Config& config, const Logger& logger, Background background);

  // Whether `path`, percent-decoded, begins with a prefix.
  bool owns(std::string_view path) const;
  // Answers a request for a path that this object owns.
  std::unique_ptr<connection::RequestHandler> make_handler(connection::Exchange& exchange);

 private:
  struct Mount {
    std::string prefix;
    std::string directory;
  };

  const Mount* find(std::string_view path) const;

  const Logger& logger_;
  Background background_;
  // Shared with background work that may outlive this object.
  std::shared_ptr<const ContentTypes> types_;
  std::vector<Mount> mounts_;  // longest prefix first
};

}  // namespace sioserve::static_files
