// Stateless: each request is answered immediately in on_request(), from memory, and its body is
// ignored. Caches revalidate by ETag (RFC 9110, sections 8.8.3 and 13.1.2).
#include "server/transport/client_files.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "server/base/entity_tag.h"

namespace sioserve::transport {
namespace {

using connection::BodyPart;
using connection::Exchange;

constexpr std::array<std::string_view, 4> bundles = {
    "socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"};

std::optional<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file.is_open() || file.bad()) return std::nullopt;
  return std::move(content).str();
}

// A strong entity tag: half of the content's SHA-256 in hexadecimal, quoted.
std::string make_etag(std::string_view content) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), hash.data());
  std::string etag = "\"";
  for (std::size_t i = 0; i < hash.size() / 2; ++i) {
    etag += digits[hash[i] >> 4];
    etag += digits[hash[i] & 15];
  }
  return etag + "\"";
}

ClientFiles::File load(const std::string& directory, const std::string& mount_path,
                       const std::string& name, std::string content_type) {
  ClientFiles::File file{mount_path + "/" + name, std::move(content_type), std::nullopt, ""};
  if (!directory.empty()) file.content = read_file(directory + "/" + name);
  if (file.content) file.etag = make_etag(*file.content);
  return file;
}

bool client_has(const HeaderBlock& request_headers, std::string_view etag) {
  return std::any_of(request_headers.begin(), request_headers.end(), [&](const HeaderView& header) {
    return header.name == "if-none-match" &&
           lists_entity_tag(header.value, etag, TagComparison::weak);
  });
}

class Handler final : public connection::RequestHandler {
 public:
  Handler(Exchange& exchange, const ClientFiles::File* file, const Cors& cors)
      : exchange_(exchange), file_(file), cors_(cors) {}

  void on_request(std::string_view, BodyPart) override {
    const std::string& method = exchange_.head().method;
    if (cors_.is_on() && method == "OPTIONS") {
      exchange_.respond(cors_.preflight(exchange_.head()), {}, BodyPart::last);
    } else if (method != "GET" && method != "HEAD") {
      answer(405, {{"allow", "GET, HEAD"}}, "Method Not Allowed\n");
    } else if (file_ == nullptr || !file_->content) {
      answer(404, {},
             "This file of the Socket.IO client is not installed on the server.\n"
             "Every wheel of sioserve has it: install sioserve again, or load it from the npm "
             "package\n"
             "socket.io-client (docs/installation.md).\n");
    } else {
      serve(*file_);
    }
  }
  void on_body(std::string_view, BodyPart) override {}
  void on_drain() override {}
  ServedBy served_by() const override { return ServedBy::static_files; }
  void on_closed() override {}

 private:
  void serve(const ClientFiles::File& file) {
    ResponseHead response;
    response.headers = {{"etag", file.etag}, {"cache-control", "public, max-age=0"}};
    if (client_has(exchange_.head().headers, file.etag)) {
      response.status = 304;
      cors_.add_headers(exchange_.head(), response.headers);
      exchange_.respond(std::move(response), "", BodyPart::last);
      return;
    }
    response.headers.push_back({"content-type", file.content_type});
    respond(std::move(response), *file.content);
  }

  void answer(std::uint16_t status, Headers headers, const std::string& text) {
    headers.push_back({"content-type", "text/plain; charset=utf-8"});
    respond({status, std::move(headers)}, text);
  }

  // A response to HEAD has the same head as that to GET.
  void respond(ResponseHead response, const std::string& body) {
    response.headers.push_back({"content-length", std::to_string(body.size())});
    cors_.add_headers(exchange_.head(), response.headers);
    const bool head_only = exchange_.head().method == "HEAD";
    exchange_.respond(std::move(response), head_only ? std::string() : std::string(body),
                      BodyPart::last);
  }

  Exchange& exchange_;
  const ClientFiles::File* file_;  // null: no such file
  const Cors& cors_;
};

}  // namespace

ClientFiles::ClientFiles(std::string directory, std::string mount_path, const Cors& cors)
    : cors_(cors) {
  while (mount_path.ends_with('/')) mount_path.pop_back();
  prefix_ = mount_path + "/";
  for (const std::string_view bundle : bundles) {
    const std::string name(bundle);
    files_.push_back(load(directory, mount_path, name, "application/javascript; charset=utf-8"));
    files_.push_back(load(directory, mount_path, name + ".map", "application/json"));
  }
}

bool ClientFiles::owns(std::string_view path) const { return find(path) != nullptr; }

std::unique_ptr<connection::RequestHandler> ClientFiles::make_handler(Exchange& exchange) {
  return std::make_unique<Handler>(exchange, find(exchange.head().path), cors_);
}

const ClientFiles::File* ClientFiles::find(std::string_view path) const {
  if (!path.starts_with(prefix_)) return nullptr;
  const auto file = std::find_if(files_.begin(), files_.end(),
                                 [&](const File& candidate) { return candidate.path == path; });
  return file == files_.end() ? nullptr : &*file;
}

}  // namespace sioserve::transport
