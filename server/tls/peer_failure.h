// Why TLS with another server of the cluster has failed, in words for the log.
#pragma once

#include <string>

#include "server/tls/engine.h"

namespace sioserve::tls {

// The end of a sentence about the other server. `engine` has failed.
std::string describe_peer_failure(const Engine& engine);

}  // namespace sioserve::tls
