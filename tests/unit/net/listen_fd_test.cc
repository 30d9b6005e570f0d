#include "server/net/listen_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "server/net/listen_unix.h"

namespace sioserve::net {
namespace {

std::string refusal(int fd) {
  const auto socket = listen_fd(fd);
  return socket ? "none" : socket.error().substr(socket.error().find(" is ") + 1);
}

TEST(ListenFd, DuplicatesAListeningTcpSocket) {
  const auto sockets = listen_tcp("127.0.0.1", 0, 10);
  ASSERT_TRUE(sockets);
  const ListeningSocket& original = (*sockets)[0];
  int copy = -1;
  {
    const auto socket = listen_fd(original.fd.get());
    ASSERT_TRUE(socket) << socket.error();
    EXPECT_EQ(to_url(*socket, "http"), to_url(original, "http"));
    copy = socket->fd.get();
    EXPECT_NE(copy, original.fd.get());
    EXPECT_TRUE(::fcntl(copy, F_GETFD) & FD_CLOEXEC);
    EXPECT_TRUE(::fcntl(copy, F_GETFL) & O_NONBLOCK);
  }
  EXPECT_EQ(::fcntl(copy, F_GETFD), -1);
  EXPECT_NE(::fcntl(original.fd.get(), F_GETFD), -1);
}

TEST(ListenFd, UsesAListeningUnixSocketAndKeepsItsFile) {
  const std::string path = testing::TempDir() + "/fd-" + std::to_string(::getpid()) + ".sock";
  const auto original = listen_unix(path, 0600, 10);
  ASSERT_TRUE(original) << original.error();
  {
    const auto socket = listen_fd(original->fd.get());
    ASSERT_TRUE(socket) << socket.error();
    EXPECT_EQ(to_url(*socket, "http"), "unix:" + path);
  }
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
}

TEST(ListenFd, NamesTheReasonWhyADescriptorCannotBeUsed) {
  EXPECT_EQ(refusal(987'654), "is not open");
  const FileDescriptor file(::open("/dev/null", O_RDONLY));
  EXPECT_EQ(refusal(file.get()), "is not a socket");
  const FileDescriptor datagram(::socket(AF_INET, SOCK_DGRAM, 0));
  EXPECT_EQ(refusal(datagram.get()), "is not a TCP or Unix stream socket");
  const FileDescriptor unbound(::socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(refusal(unbound.get()), "is a socket that does not listen");
  EXPECT_EQ(listen_fd(987'654).error(), "file descriptor 987654 is not open");
}

}  // namespace
}  // namespace sioserve::net
