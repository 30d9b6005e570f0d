#include "server/forwarding/link.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sioserve::forwarding {
namespace {

class Collected final : public OutputSink {
 public:
  void write(std::string_view bytes) override { bytes_ += bytes; }
  void write_owned(std::string bytes) override { bytes_ += bytes; }
  void write_file(FilePart) override { FAIL(); }
  std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

struct End {
  End(Role role, std::string with) : secret(std::move(with)), link(role, secret, output, now) {}

  // Messages about streams that it has read.
  void take_from(End& other) {
    link.feed(other.output.take(), now);
    for (;;) {
      auto message = link.next();
      if (!message) {
        error = message.error();
        return;
      }
      if (!*message) return;
      read.push_back(std::move(**message));
    }
  }

  TimePoint now{};
  std::string secret;
  Collected output;
  Link link;
  std::vector<Message> read;
  std::optional<LinkError> error;
};

constexpr const char* secret = "a secret of the cluster";

class LinkTest : public testing::Test {
 protected:
  void exchange() {
    for (int turn = 0; turn < 3; ++turn) {
      answerer.take_from(caller);
      caller.take_from(answerer);
    }
  }

  End caller{Role::caller, secret};
  End answerer{Role::answerer, secret};
};

TEST_F(LinkTest, both_ends_prove_that_they_know_the_secret) {
  caller.link.send(Opened{StreamNumber{1}});
  EXPECT_FALSE(caller.link.ready());
  exchange();
  EXPECT_TRUE(caller.link.ready());
  EXPECT_TRUE(answerer.link.ready());
  ASSERT_EQ(answerer.read.size(), 1U) << "what has waited for the handshake";
  EXPECT_TRUE(std::holds_alternative<Opened>(answerer.read[0]));
  answerer.link.send(Abort{StreamNumber{1}});
  exchange();
  ASSERT_EQ(caller.read.size(), 1U);
}

TEST_F(LinkTest, the_secret_is_not_sent_and_no_handshake_is_like_another) {
  const std::string hello = caller.output.take();
  End second{Role::caller, secret};
  EXPECT_NE(hello, second.output.take());
  answerer.link.feed(hello, {});
  ASSERT_TRUE(answerer.link.next());
  EXPECT_EQ(answerer.output.take().find(secret), std::string::npos);
}

TEST_F(LinkTest, a_caller_sends_nothing_of_clients_to_an_answerer_with_another_secret) {
  End stranger{Role::answerer, "another secret of another one"};
  caller.link.send(ClientMessage{StreamNumber{1}, MessageKind::text, "private"});
  stranger.take_from(caller);
  caller.take_from(stranger);
  EXPECT_EQ(caller.error, LinkError::bad_proof);
  EXPECT_EQ(caller.output.take(), "");
}

TEST_F(LinkTest, a_caller_with_another_secret_is_refused) {
  // It does not check the answerer's proof.
  FrameReader reader(max_frame);
  std::string bytes;
  append_frame(Hello{protocol_version, std::string(32, 'n')}, bytes);
  answerer.link.feed(bytes, {});
  ASSERT_TRUE(answerer.link.next());
  reader.feed(answerer.output.take());
  const Challenge challenge = std::get<Challenge>(**reader.next());
  bytes.clear();
  append_frame(
      Proof{make_proof("another one", Role::caller, std::string(32, 'n'), challenge.nonce)}, bytes);
  answerer.link.feed(bytes, {});
  const auto refused = answerer.link.next();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), LinkError::bad_proof);
}

TEST_F(LinkTest, the_proof_of_the_answerer_is_not_one_of_the_caller) {
  std::string bytes;
  append_frame(Hello{protocol_version, std::string(32, 'n')}, bytes);
  answerer.link.feed(bytes, {});
  ASSERT_TRUE(answerer.link.next());
  FrameReader reader(max_frame);
  reader.feed(answerer.output.take());
  const Challenge challenge = std::get<Challenge>(**reader.next());
  bytes.clear();
  append_frame(Proof{challenge.proof}, bytes);  // reflected
  answerer.link.feed(bytes, {});
  EXPECT_FALSE(answerer.link.next());
}

TEST_F(LinkTest, messages_before_the_proof_are_errors) {
  for (const Message& message :
       {Message(Opened{StreamNumber{1}}), Message(Welcome{}), Message(Ping{}),
        Message(Challenge{std::string(32, 'n'), "x"}), Message(Proof{"x"})}) {
    End end{Role::answerer, secret};
    std::string bytes;
    append_frame(message, bytes);
    end.link.feed(bytes, {});
    const auto read = end.link.next();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), LinkError::unexpected);
    EXPECT_FALSE(end.link.ready());
  }
}

TEST_F(LinkTest, an_end_must_not_send_what_the_other_one_sends) {
  exchange();
  answerer.link.send(Opened{StreamNumber{1}});
  exchange();
  EXPECT_EQ(caller.error, LinkError::unexpected);
}

TEST_F(LinkTest, other_versions_and_large_frames_are_refused) {
  std::string bytes;
  append_frame(Hello{protocol_version + 1, std::string(32, 'n')}, bytes);
  answerer.link.feed(bytes, {});
  EXPECT_EQ(answerer.link.next().error(), LinkError::bad_version);
  End other{Role::answerer, secret};
  bytes.clear();
  append_frame(Hello{protocol_version, std::string(2'000, 'n')}, bytes);
  other.link.feed(bytes, {});
  EXPECT_EQ(other.link.next().error(), LinkError::bad_frame);
}

TEST_F(LinkTest, an_end_that_gets_tls_says_so) {
  using namespace std::string_view_literals;
  for (const char byte : "\x16\x03\x01\x02"sv) {  // the beginning of a ClientHello
    ASSERT_TRUE(answerer.link.next());
    answerer.link.feed({&byte, 1}, {});
  }
  EXPECT_EQ(answerer.link.next().error(), LinkError::has_tls);
  EXPECT_NE(answerer.output.take(), "") << "so that the other end knows why";
  caller.output.take();
  caller.link.feed("\x15\x03\x01\x00\x02\x02\x46"sv, {});  // an alert
  EXPECT_EQ(caller.link.next().error(), LinkError::has_tls);
  EXPECT_EQ(caller.output.take(), "");
}

TEST_F(LinkTest, other_large_frames_are_no_tls) {
  for (const std::string bytes : {"GET /", "\x16\x02\x01\x02", "\x17\x03\x01\x02"}) {
    End end{Role::answerer, secret};
    end.link.feed(bytes, {});
    EXPECT_EQ(end.link.next().error(), LinkError::bad_frame);
    EXPECT_EQ(end.output.take(), "");
  }
}

TEST_F(LinkTest, a_handshake_that_does_not_end_is_given_up) {
  EXPECT_TRUE(answerer.link.advance(TimePoint{} + Milliseconds{4'999}));
  EXPECT_EQ(answerer.link.advance(TimePoint{} + Milliseconds{5'000}).error(), LinkError::late);
}

TEST_F(LinkTest, pings_keep_a_silent_link_and_silence_ends_it) {
  exchange();
  for (int second = 1; second <= 60; ++second) {
    const TimePoint now = TimePoint{} + Milliseconds{1'000 * second};
    caller.now = answerer.now = now;
    ASSERT_TRUE(caller.link.advance(now));
    ASSERT_TRUE(answerer.link.advance(now));
    exchange();
  }
  const TimePoint later = TimePoint{} + Milliseconds{76'000};
  EXPECT_EQ(caller.link.advance(later).error(), LinkError::silent);
}

}  // namespace
}  // namespace sioserve::forwarding
