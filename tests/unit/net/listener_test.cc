#include "server/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sioserve::net {
namespace {

class Recorder final : public AcceptHandler {
 public:
  void on_accept(FileDescriptor socket, Endpoints) override {
    accepted.push_back(std::move(socket));
  }
  void on_accept_paused(const std::string& reason) override { reasons.push_back(reason); }

  std::vector<FileDescriptor> accepted;
  std::vector<std::string> reasons;
};

// While it exists, the process can't open descriptors.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const FileDescriptor lowest_free(::fcntl(0, F_DUPFD_CLOEXEC, 0));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

FileDescriptor connect_to(int port) {
  FileDescriptor fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

TEST(Listener, ReportsMissingDescriptorsOnceAndAcceptsAgainLater) {
#ifdef __SANITIZE_ADDRESS__
  // UBSan, which is used together with it, checks objects through a pipe, and would report them as
  // invalid.
  GTEST_SKIP() << "the sanitizer needs descriptors itself";
#endif
  Loop loop;
  Timer tick(loop, [] {});  // wakes the loop, so that run_until() checks its condition
  tick.start_repeating(Milliseconds(1));
  const auto run_until = [&loop](const std::function<bool()>& done) {
    while (!done()) loop.run_once();
  };
  auto sockets = listen_tcp("127.0.0.1", 0, 10);
  ASSERT_TRUE(sockets);
  const int port = (*sockets)[0].address.port;
  Recorder recorder;
  Listener listener(loop, std::move((*sockets)[0]), recorder);
  loop.run_once();
  const FileDescriptor client = connect_to(port);
  {
    NoDescriptors none;
    run_until([&] { return !recorder.reasons.empty(); });
    // Long enough for several pauses.
    const TimePoint end = loop.now() + Milliseconds(500);
    run_until([&] { return loop.now() >= end; });
    EXPECT_EQ(recorder.reasons,
              (std::vector<std::string>{"cannot accept connections for now: Too many open files"}));
    EXPECT_TRUE(recorder.accepted.empty());
  }
  run_until([&] { return !recorder.accepted.empty(); });
}

}  // namespace
}  // namespace sioserve::net
