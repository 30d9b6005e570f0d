// The address of a Redis server:
//   redis://[[user]:password@]host[:port][/db]
//   rediss://[[user]:password@]host[:port][/db][?options]    with TLS
//   unix://[[user]:password@]/path[?db=N]       also redis+unix://
// The options of rediss:// are those of redis-py, with the same meaning: ssl_cert_reqs=none,
// optional or required, ssl_ca_certs=FILE, ssl_certfile=FILE, ssl_keyfile=FILE, db=N.
//
// Publish and subscribe are the same for all databases of a server, so the number is only checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/base/config.h"
#include "server/base/result.h"
#include "server/net/connect_target.h"
#include "server/redis/credentials.h"

namespace sioserve::redis {

struct RedisUrl {
  net::ConnectTarget target;
  Credentials credentials;
  std::optional<TlsClientConfig> tls;  // nullopt: without TLS

  // For log lines: without the password.
  std::string shown() const;
};

// The error is a sentence that does not contain the password.
Result<RedisUrl, std::string> parse_redis_url(std::string_view url);

}  // namespace sioserve::redis
