// The only way in which the load generator handles an error: a sentence, and exit code 1.
#pragma once

#include <string>

namespace load {

[[noreturn]] void fail(const std::string& message);

}  // namespace load
