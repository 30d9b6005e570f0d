#include "server/base/local_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace sioserve {
namespace {

class LocalSocket : public testing::Test {
 protected:
  LocalSocket() {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) std::abort();
    left_ = FileDescriptor(pair[0]);
    right_ = FileDescriptor(pair[1]);
  }

  LocalReceived receive() { return receive_on(right_.get(), buffer_); }

  FileDescriptor left_, right_;
  std::array<char, 100> buffer_{};
};

TEST_F(LocalSocket, CarriesBytesAndDescriptors) {
  const FileDescriptor file(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  const int descriptors[] = {file.get(), file.get()};
  EXPECT_EQ(send_on(left_.get(), "abc", descriptors).bytes, 3U);
  const LocalReceived received = receive();
  EXPECT_EQ(received.outcome, LocalIo::done);
  EXPECT_EQ(std::string(buffer_.data(), received.bytes), "abc");
  ASSERT_EQ(received.descriptors.size(), 2U);
  EXPECT_EQ(::fcntl(received.descriptors[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  char byte;
  EXPECT_EQ(::read(received.descriptors[1].get(), &byte, 1), 1);
}

TEST_F(LocalSocket, TellsThatDescriptorsAreLost) {
  const FileDescriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int descriptors[] = {file.get(), file.get()};
  send_on(left_.get(), "abc", descriptors);
  rlimit former{};
  ::getrlimit(RLIMIT_NOFILE, &former);
  const FileDescriptor next(::dup(file.get()));
  const rlimit low{static_cast<rlim_t>(next.get()) + 2, former.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  const LocalReceived received = receive();
  ::setrlimit(RLIMIT_NOFILE, &former);
  EXPECT_EQ(received.bytes, 3U);
  ASSERT_EQ(received.descriptors.size(), 2U);
  EXPECT_GE(received.descriptors[0].get(), 0);
  EXPECT_EQ(received.descriptors[1].get(), -1);
}

TEST_F(LocalSocket, NeverWaits) {
  EXPECT_EQ(receive().outcome, LocalIo::again);
  const std::string much(100'000, 'x');
  std::size_t sent = 0;
  for (;;) {
    const LocalSent part = send_on(left_.get(), much, {});
    if (part.outcome == LocalIo::again) break;
    ASSERT_EQ(part.outcome, LocalIo::done);
    sent += part.bytes;
    ASSERT_LT(sent, 100'000'000U);
  }
  EXPECT_GT(sent, 0U);
}

TEST_F(LocalSocket, TellsThatThePeerHasGone) {
  right_ = FileDescriptor();
  EXPECT_EQ(send_on(left_.get(), "abc", {}).outcome, LocalIo::ended);
  EXPECT_EQ(receive_on(left_.get(), buffer_).outcome, LocalIo::ended);
}

}  // namespace
}  // namespace sioserve
