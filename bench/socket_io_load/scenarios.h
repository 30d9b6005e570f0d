// The scenarios of the load generator, each in its own file; main.cc describes them.
#pragma once

#include <memory>

#include "bench/socket_io_load/options.h"
#include "bench/socket_io_load/runner.h"

namespace load {

std::unique_ptr<Runner> acks(Options options);
std::unique_ptr<Runner> polling_acks(Options options);
std::unique_ptr<Runner> broadcast(Options options);
std::unique_ptr<Runner> rooms(Options options);
std::unique_ptr<Runner> relay(Options options);
std::unique_ptr<Runner> connects(Options options);
std::unique_ptr<Runner> upgrades(Options options);
std::unique_ptr<Runner> idle(Options options);
std::unique_ptr<Runner> paced(Options options);
std::unique_ptr<Runner> heartbeats(Options options);

}  // namespace load
