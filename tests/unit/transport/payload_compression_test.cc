#include "server/transport/payload_compression.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <vector>

namespace sioserve::transport {
namespace {

using Outcome = PayloadCompression::Outcome;

std::string decompress(const std::string& compressed, Coding coding) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, coding == Coding::gzip ? 15 + 16 : 15), Z_OK);
  std::string out(8'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string chosen(const HeaderBlock& headers) {
  const auto coding = choose_coding(headers);
  return coding ? name_of(*coding) : "";
}

// Background work that the test runs explicitly.
struct Later {
  Background background = [this](std::function<void()> work, std::function<void()> done) {
    jobs.emplace_back(std::move(work), std::move(done));
  };
  void run() {
    for (const auto& [work, done] : std::exchange(jobs, {})) {
      work();
      done();
    }
  }
  std::vector<std::pair<std::function<void()>, std::function<void()>>> jobs;
};

struct Result {
  std::optional<Outcome> outcome;
  std::string body;
  PayloadCompression::Done done() {
    return [this](Outcome given, std::string content) {
      EXPECT_FALSE(outcome);
      outcome = given;
      body = std::move(content);
    };
  }
};

TEST(PayloadCompression, UsesTheClientsPreferredCoding) {
  EXPECT_EQ(chosen({}), "");
  EXPECT_EQ(chosen({{"accept-encoding", "gzip, deflate, br"}}), "gzip");
  EXPECT_EQ(chosen({{"accept-encoding", "deflate, gzip"}}), "gzip");
  EXPECT_EQ(chosen({{"accept-encoding", "gzip;q=0.5, deflate;q=0.8"}}), "deflate");
  EXPECT_EQ(chosen({{"accept-encoding", "gzip;q=0, deflate"}}), "deflate");
  EXPECT_EQ(chosen({{"accept-encoding", "br"}, {"accept-encoding", "deflate"}}), "deflate");
  EXPECT_EQ(chosen({{"accept-encoding", "br, identity"}}), "");
  EXPECT_EQ(chosen({{"accept-encoding", "gzip;q=0, *;q=0"}}), "");
}

TEST(PayloadCompression, BothFormatsContainTheBody) {
  const std::string body(5'000, 'x');
  for (const Coding coding : {Coding::gzip, Coding::deflate}) {
    const std::string compressed = compress(body, coding);
    EXPECT_LT(compressed.size(), 100u);
    EXPECT_EQ(decompress(compressed, coding), body);
  }
}

TEST(PayloadCompression, ShortBodiesAreCompressedImmediately) {
  Later later;
  Result result;
  PayloadCompression::start(std::string(2'000, 'x'), Coding::gzip, result.done(), later.background);
  EXPECT_EQ(result.outcome, Outcome::compressed);
  EXPECT_TRUE(later.jobs.empty());
}

TEST(PayloadCompression, LongBodiesAreCompressedInTheBackground) {
  Later later;
  Result result;
  const std::string body(6'000'000, 'x');
  PayloadCompression::start(body, Coding::deflate, result.done(), later.background);
  EXPECT_FALSE(result.outcome);
  ASSERT_EQ(later.jobs.size(), 1u);
  later.run();
  EXPECT_EQ(result.outcome, Outcome::compressed);
  EXPECT_EQ(decompress(result.body, Coding::deflate), body);
}

TEST(PayloadCompression, AfterForgetTheResultIsDropped) {
  Later later;
  Result result;
  const auto job = PayloadCompression::start(std::string(100'000, 'x'), Coding::gzip, result.done(),
                                             later.background);
  job->forget();
  later.run();
  EXPECT_FALSE(result.outcome);
}

TEST(PayloadCompression, BodiesThatDoNotBecomeSmallerAreUnchanged) {
  std::mt19937 random(7);
  std::string noise(2'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  Later later;
  Result result;
  PayloadCompression::start(noise, Coding::gzip, result.done(), later.background);
  EXPECT_EQ(result.outcome, Outcome::left);
  EXPECT_EQ(result.body, noise);
}

}  // namespace
}  // namespace sioserve::transport
