// What the application asks the I/O side, which owns the answer; values only. A question is
// answered behind all commands that were posted before it. Each says what its answer is; one about
// something that does not exist, or that nobody answers, gets an empty one.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

namespace sioserve {

// Names a question until its answer has been fetched; QuestionId{}: nobody answers it.
enum class QuestionId : std::uint64_t {};

// What the server counts.
struct CountsAsked {
  using Answer = std::vector<std::uint64_t>;  // by Counter
};

using Question = std::variant<CountsAsked>;

using Answer = std::variant<std::monostate, CountsAsked::Answer>;

}  // namespace sioserve
