#include "server/port/answers.h"

#include <utility>

namespace sioserve::port {

void Answers::open() {
  std::lock_guard lock(mutex_);
  open_ = true;
}

void Answers::close() {
  std::lock_guard lock(mutex_);
  open_ = false;
  given_.notify_all();
}

QuestionId Answers::expect() {
  std::lock_guard lock(mutex_);
  if (!open_) return QuestionId{};
  const QuestionId question{++last_};
  expected_.try_emplace(question);
  ++undecided_;
  return question;
}

bool Answers::are_expected() const {
  std::lock_guard lock(mutex_);
  return undecided_ > 0;
}

void Answers::give(QuestionId question, Answer answer) {
  std::lock_guard lock(mutex_);
  const auto expected = expected_.find(question);
  if (expected == expected_.end()) return;
  if (!expected->second) --undecided_;
  expected->second = std::move(answer);
  given_.notify_all();
}

// A reference into the table stays valid while other threads add questions; an iterator may not.

Answer Answers::wait(QuestionId question) {
  std::unique_lock lock(mutex_);
  const auto expected = expected_.find(question);
  if (expected == expected_.end()) return Answer();
  const std::optional<Answer>& answer = expected->second;
  given_.wait(lock, [&] { return is_decided(answer); });
  return take(expected_.find(question));
}

std::optional<Answer> Answers::wait_for(QuestionId question, std::chrono::microseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto expected = expected_.find(question);
  if (expected == expected_.end()) return Answer();
  const std::optional<Answer>& answer = expected->second;
  if (!given_.wait_for(lock, timeout, [&] { return is_decided(answer); })) return std::nullopt;
  return take(expected_.find(question));
}

Answer Answers::take(Expected::iterator expected) {
  if (!expected->second) --undecided_;
  Answer answer = std::move(expected->second).value_or(Answer());
  expected_.erase(expected);
  return answer;
}

}  // namespace sioserve::port
