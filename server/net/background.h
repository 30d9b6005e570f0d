// Work that may have to wait for a disk, on libuv's thread pool.
#pragma once

#include <functional>

#include "server/base/background.h"
#include "server/net/loop.h"

namespace sioserve::net {

// `work` runs on another thread, so it must own all data that it uses. An exception of it ends the
// process, so it must return failures as results. `done` always runs afterwards, on the loop's
// thread, so it must check whether the result is still needed.
void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done);

// The same as a function for others, which the loop outlives.
Background background_of(Loop& loop);

}  // namespace sioserve::net
