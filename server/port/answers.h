// Answers of the I/O thread to queries of other threads. Answers are not events, because the thread
// that asks may be the one that handles the events.
//
//   the asking thread: expect(), sends the question to the I/O thread, then wait() or wait_for()
//   the I/O thread: give()
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
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

  // Questions are answered from now on; before, and after close(), all answers are empty.
  void open();
  // Ends all waits.
  void close();

  // The id of a new question; QuestionId{} if no I/O thread runs.
  QuestionId expect();
  // Whether a question has no answer yet.
  bool are_expected() const;
  // An answer that is not expected is dropped.
  void give(QuestionId question, Answer answer);

  // Waits for the answer and removes it. Returns immediately if there will be none.
  Answer wait(QuestionId question);
  // Nullopt: there is no answer before the timeout.
  std::optional<Answer> wait_for(QuestionId question, std::chrono::microseconds timeout);

 private:
  using Expected = std::unordered_map<QuestionId, std::optional<Answer>>;

  bool is_decided(const std::optional<Answer>& answer) const { return answer || !open_; }
  Answer take(Expected::iterator expected);

  mutable std::mutex mutex_;
  std::condition_variable given_;
  bool open_ = false;
  std::uint64_t last_ = 0;
  Expected expected_;
  std::size_t undecided_ = 0;  // in expected_
};

}  // namespace sioserve::port
