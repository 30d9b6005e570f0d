// The address of a Redis server:
//   redis://[[user]:password@]host[:port][/db]
//   unix://[[user]:password@]/path[?db=N]       also redis+unix://
// Publish and subscribe are the same for all databases of a server, so the number is only checked.
#pragma once

#include <string>
#include <string_view>

#include "server/base/result.h"
#include "server/net/connect_target.h"
#include "server/redis/credentials.h"

namespace sioserve::redis {

struct RedisUrl {
  net::ConnectTarget target;
  Credentials credentials;

  // For log lines: without the password.
  std::string shown() const;
};

// The error is a sentence that does not contain the password.
Result<RedisUrl, std::string> parse_redis_url(std::string_view url);

}  // namespace sioserve::redis
