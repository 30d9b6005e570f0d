// Compression of the responses to polling requests (RFC 9110 section 8.4.1). Long responses are
// compressed on another thread, so that they delay no other client.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/http_values.h"

namespace sioserve::transport {

enum class Coding { gzip, deflate };

const char* name_of(Coding coding);

// The coding that the client prefers; nullopt: none.
std::optional<Coding> choose_coding(const HeaderBlock& request_headers);

std::string compress(std::string_view body, Coding coding);

// Runs `work` on another thread, and then always `done` on the I/O thread.
using Background = std::function<void(std::function<void()> work, std::function<void()> done)>;

// The compression of one body. Lives on the I/O thread, if necessary longer than the request.
class PayloadCompression : public std::enable_shared_from_this<PayloadCompression> {
 public:
  // Whether the result is compressed: a body that would not become smaller is returned unchanged.
  enum class Outcome { compressed, left };
  using Done = std::function<void(Outcome outcome, std::string body)>;

  // `done` is called once, possibly before start() returns, unless forget() is called first.
  static std::shared_ptr<PayloadCompression> start(std::string body, Coding coding, Done done,
                                                   const Background& background);

  // The result is no longer needed.
  void forget() { done_ = nullptr; }

 private:
  PayloadCompression(std::string body, Coding coding, Done done)
      : body_(std::move(body)), coding_(coding), done_(std::move(done)) {}

  void run();
  void finish();

  std::string body_;
  std::string compressed_;
  const Coding coding_;
  Done done_;
};

}  // namespace sioserve::transport
