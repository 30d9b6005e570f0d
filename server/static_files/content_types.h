// Content types by the extension of a file's name.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sioserve::static_files {

class ContentTypes {
 public:
  // Pairs of an extension with its dot, and a type.
  using Table = std::vector<std::pair<std::string, std::string>>;

  explicit ContentTypes(const Table& table);

  // With a charset for text; application/octet-stream for extensions that are not in the table.
  const std::string& of(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::string> types_;
  std::string unknown_ = "application/octet-stream";
};

}  // namespace sioserve::static_files
