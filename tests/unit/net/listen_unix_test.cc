#include "server/net/listen_unix.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace sioserve::net {
namespace {

class ListenUnix : public testing::Test {
 protected:
  ListenUnix() {
    std::string folder = testing::TempDir() + "/listen-XXXXXX";
    folder_ = ::mkdtemp(folder.data());
    path_ = folder_ + "/app.sock";
  }
  ~ListenUnix() override { std::filesystem::remove_all(folder_); }

  std::optional<mode_t> mode() const {
    struct stat status {};
    if (::lstat(path_.c_str(), &status) != 0) return std::nullopt;
    return status.st_mode & 0777;
  }
  bool can_connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM, 0));
    return ::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(ListenUnix, AcceptsConnectionsAndRemovesItsFile) {
  {
    const auto socket = listen_unix(path_, 0666, 10);
    ASSERT_TRUE(socket) << socket.error();
    EXPECT_EQ(to_url(*socket, "http"), "unix:" + path_);
    EXPECT_TRUE(can_connect());
  }
  EXPECT_FALSE(mode());
}

TEST_F(ListenUnix, SetsThePermissionsWhateverTheUmask) {
  const mode_t before = ::umask(077);
  for (const mode_t wanted : {0600, 0660, 0777}) {
    const auto socket = listen_unix(path_, wanted, 10);
    EXPECT_TRUE(socket);
    EXPECT_EQ(mode(), wanted);
  }
  ::umask(before);
}

TEST_F(ListenUnix, ReplacesTheSocketOfADeadServer) {
  {
    auto dead = listen_unix(path_, 0600, 10);
    ASSERT_TRUE(dead);
    const auto kept = path_ + ".kept";
    std::filesystem::rename(path_, kept);
    dead = Failure<std::string>{"gone"};
    std::filesystem::rename(kept, path_);
  }
  ASSERT_TRUE(mode());
  ASSERT_FALSE(can_connect());
  const auto socket = listen_unix(path_, 0600, 10);
  ASSERT_TRUE(socket) << socket.error();
  EXPECT_TRUE(can_connect());
}

TEST_F(ListenUnix, DoesNotReplaceTheSocketOfARunningServer) {
  const auto first = listen_unix(path_, 0600, 10);
  ASSERT_TRUE(first);
  const auto second = listen_unix(path_, 0600, 10);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), "a server is already listening on " + path_);
  EXPECT_TRUE(can_connect());
}

TEST_F(ListenUnix, DoesNotReplaceTheSocketOfARunningServerWithAFullBacklog) {
  const auto first = listen_unix(path_, 0600, 0);
  ASSERT_TRUE(first);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(listen_unix(path_, 0600, 0));
  EXPECT_TRUE(mode());
}

TEST_F(ListenUnix, NeverRemovesAFileThatIsNotASocket) {
  std::ofstream(path_) << "precious";
  const auto socket = listen_unix(path_, 0600, 10);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error(), path_ + " exists and is not a socket; it is left as it is");
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(ListenUnix, DoesNotRemoveASocketThatReplacedItsOwn) {
  std::optional<ListeningSocket> first;
  auto listening = listen_unix(path_, 0600, 10);
  ASSERT_TRUE(listening);
  first = std::move(*listening);
  std::filesystem::remove(path_);
  const auto second = listen_unix(path_, 0600, 10);
  ASSERT_TRUE(second);
  first.reset();
  EXPECT_TRUE(can_connect());
}

TEST_F(ListenUnix, NamesTheErrorOfAPath) {
  const auto nowhere = listen_unix(folder_ + "/no/app.sock", 0600, 10);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error(),
            "cannot listen on " + folder_ + "/no/app.sock: there is no such folder");
  const auto too_long = listen_unix("/" + std::string(200, 'x'), 0600, 10);
  ASSERT_FALSE(too_long);
  EXPECT_NE(too_long.error().find("1 to 107 bytes"), std::string::npos) << too_long.error();
  EXPECT_FALSE(listen_unix("", 0600, 10));
}

}  // namespace
}  // namespace sioserve::net
