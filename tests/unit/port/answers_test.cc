#include "server/port/answers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace sioserve::port {
namespace {

using std::chrono::microseconds;

Answer counts(std::uint64_t number) { return CountsAsked::Answer{number}; }

std::uint64_t number_in(const Answer& answer) {
  return std::get<CountsAsked::Answer>(answer).front();
}

bool is_empty(const Answer& answer) { return std::holds_alternative<std::monostate>(answer); }

struct AnswersTest : testing::Test {
  Answers answers;
  AnswersTest() { answers.open(); }
};

TEST_F(AnswersTest, AnAnswerGoesToTheAskingThread) {
  const QuestionId first = answers.expect(), second = answers.expect();
  answers.give(second, counts(2));
  answers.give(first, counts(1));
  EXPECT_EQ(number_in(answers.wait(first)), 1u);
  EXPECT_EQ(number_in(answers.wait(second)), 2u);
}

TEST_F(AnswersTest, AnAnswerIsReturnedOnce) {
  const QuestionId question = answers.expect();
  answers.give(question, counts(1));
  EXPECT_EQ(number_in(answers.wait(question)), 1u);
  EXPECT_TRUE(is_empty(answers.wait(question)));
  answers.give(question, counts(1));
  EXPECT_TRUE(is_empty(answers.wait(question))) << "no thread expects it";
}

TEST_F(AnswersTest, WaitForReturnsAfterTheTimeout) {
  const QuestionId question = answers.expect();
  EXPECT_FALSE(answers.wait_for(question, microseconds(1)));
  answers.give(question, counts(1));
  EXPECT_TRUE(answers.wait_for(question, microseconds(1)));
}

TEST(Answers, AreEmptyIfNoIoThreadRuns) {
  Answers answers;
  EXPECT_EQ(answers.expect(), QuestionId{});
  EXPECT_TRUE(is_empty(answers.wait(QuestionId{})));
  answers.open();
  const QuestionId question = answers.expect();
  EXPECT_NE(question, QuestionId{});
  answers.close();
  EXPECT_TRUE(is_empty(answers.wait(question)));
  EXPECT_EQ(answers.expect(), QuestionId{});
}

TEST_F(AnswersTest, AnAnswerFromBeforeTheCloseIsKept) {
  const QuestionId question = answers.expect();
  answers.give(question, counts(1));
  answers.close();
  EXPECT_EQ(number_in(answers.wait(question)), 1u);
}

TEST_F(AnswersTest, TheCloseWakesWaitingThreads) {
  std::thread closing;
  const QuestionId question = answers.expect();
  closing = std::thread([this] { answers.close(); });
  EXPECT_TRUE(is_empty(answers.wait(question)));
  closing.join();
}

TEST_F(AnswersTest, ManyThreadsGetTheirOwnAnswers) {
  constexpr std::uint64_t rounds = 2000;
  std::mutex mutex;
  std::vector<QuestionId> asked;
  std::atomic<bool> ended = false;
  std::thread answering([&] {
    std::vector<QuestionId> batch;
    while (!ended || !batch.empty()) {
      {
        std::lock_guard lock(mutex);
        batch = std::exchange(asked, {});
      }
      for (const QuestionId question : batch) {
        answers.give(question, counts(static_cast<std::uint64_t>(question)));
      }
    }
  });
  std::vector<std::thread> asking;
  for (int i = 0; i < 4; ++i) {
    asking.emplace_back([&] {
      for (std::uint64_t round = 0; round < rounds; ++round) {
        const QuestionId question = answers.expect();
        {
          std::lock_guard lock(mutex);
          asked.push_back(question);
        }
        EXPECT_EQ(number_in(answers.wait(question)), static_cast<std::uint64_t>(question));
      }
    });
  }
  for (std::thread& thread : asking) thread.join();
  ended = true;
  answering.join();
}

}  // namespace
}  // namespace sioserve::port
