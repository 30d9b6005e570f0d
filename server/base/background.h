// The type of a function that runs work which may take long, such as reading a file.
#pragma once

#include <functional>

namespace sioserve {

// Runs `work` on another thread, and then always `done` on the thread of the caller.
using Background = std::function<void(std::function<void()> work, std::function<void()> done)>;

}  // namespace sioserve
