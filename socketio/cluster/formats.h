// Which format the settings choose.
#pragma once

#include <memory>
#include <string>

#include "server/base/config.h"
#include "socketio/cluster/format.h"

namespace sioserve::socketio::cluster {

// Of the channels' names.
std::string prefix_of(const RedisConfig& config);

std::unique_ptr<const Format> make_format(const RedisConfig& config);

}  // namespace sioserve::socketio::cluster
