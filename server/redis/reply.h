// Redis' replies (RESP 2), read by hiredis in memory: bytes in, replies out. The size of a reply is
// bounded.
#pragma once

#include <hiredis/read.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace sioserve::redis {

struct Reply {
  enum class Type { string, status, error, integer, nil, array };

  Type type = Type::nil;
  std::string text;             // of a string, a status or an error
  std::int64_t integer = 0;     // of an integer
  std::vector<Reply> elements;  // of an array
};

class ReplyReader {
 public:
  static constexpr std::size_t default_max_bytes = 67'108'864;

  explicit ReplyReader(std::size_t max_bytes = default_max_bytes);
  // hiredis keeps a pointer to this object.
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // hiredis moves what it has not read after each kilobyte that it has, so feed it parts of
  // `good_part` and take the replies in between.
  static constexpr std::size_t good_part = 16'384;
  void feed(std::string_view bytes);
  // The next complete reply, if there is one. An error, which is final, says why the connection
  // must be closed.
  Result<std::optional<Reply>, std::string> next();

 private:
  // Elements of all arrays in one reply. What this server asks for has no more than three.
  static constexpr std::size_t max_elements = 1024;

  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  static redisReplyObjectFunctions make_functions();
  static Reply* place_of(const redisReadTask* task);
  static Reply* new_array(const redisReadTask* task, std::size_t count);
  // The type of the size depends on hiredis' version.
  template <typename Size>
  static void* create_array(const redisReadTask* task, Size size) noexcept {
    return new_array(task, static_cast<std::size_t>(size));
  }

  const std::size_t max_bytes_;
  std::size_t elements_ = 0;  // in the reply that is being read
  std::string error_;
  redisReplyObjectFunctions functions_;
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace sioserve::redis
