// Work that may have to wait for a disk, on libuv's thread pool.
#pragma once

#include <functional>

#include "server/net/loop.h"

namespace sioserve::net {

// `work` runs on some other thread, so it owns what it touches; what it throws ends the process, so
// it has to make a result of each failure. `done` runs on the loop's thread
// afterwards, in any case, so it must find out whether anybody still wants the result.
void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done);

}  // namespace sioserve::net
