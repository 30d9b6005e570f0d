// A user of Redis.
#pragma once

#include <string>

namespace sioserve::redis {

struct Credentials {
  std::string user;      // empty: Redis' default user
  std::string password;  // empty: no login
};

}  // namespace sioserve::redis
