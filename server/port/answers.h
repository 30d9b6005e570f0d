// Where the I/O side leaves answers for those who wait for them. The answers do not come as events:
// whoever asks may be the thread that takes the events.
//
//   who asks           expect() ... the question goes to the I/O side ... wait(), or wait_for()
//   the I/O side       give()
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "server/port/questions.h"

namespace sioserve::port {

// Any thread.
class Answers {
 public:
  Answers() = default;
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  // From now on questions are answered; before, and after close(), all answers are empty.
  void open();
  // Nobody waits any longer.
  void close();

  // The number of a new question; QuestionId{} where nobody would answer it.
  QuestionId expect();
  // Drops the answer to a question that nobody expects.
  void give(QuestionId question, Answer answer);

  // The answer, which is forgotten then. Returns at once where there will be none.
  Answer wait(QuestionId question);
  // Nullopt: not yet.
  std::optional<Answer> wait_for(QuestionId question, std::chrono::microseconds patience);

 private:
  using Expected = std::unordered_map<QuestionId, std::optional<Answer>>;

  bool is_decided(const std::optional<Answer>& answer) const { return answer || !open_; }
  Answer take(Expected::iterator expected);

  std::mutex mutex_;
  std::condition_variable given_;
  bool open_ = false;
  std::uint64_t last_ = 0;
  Expected expected_;
};

}  // namespace sioserve::port
