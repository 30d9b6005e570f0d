// What the protocols of the bare server share: clients on one thread, one epoll, no library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bare {

[[noreturn]] void fail(const char* what);  // what, and errno; the process ends

class Client {
 public:
  explicit Client(int fd) : fd_(fd) {}

  int fd() const { return fd_; }

  // For the protocols: whether the handshake is over.
  bool open = false;

 private:
  friend class EpollServer;

  const int fd_;
  // Mostly empty: half a message, and what the kernel did not take.
  std::string input_;
  std::string unsent_;
};

// A protocol is a class derived from this one.
class EpollServer {
 public:
  explicit EpollServer(std::uint16_t port);
  virtual ~EpollServer() = default;

  void run();

 protected:
  // Appends to `answer` what the client gets; returns the number of used bytes. The others come
  // again with those that follow.
  virtual std::size_t on_input(Client& client, std::string_view input, std::string& answer) = 0;
  virtual void on_close(const Client&) {}

  // With one call, unless the kernel does not take all of it.
  void send(Client& client, std::string_view bytes);
  Client* client_of(int fd);
  const std::vector<std::unique_ptr<Client>>& clients() const { return clients_; }

 private:
  void watch(int fd, int operation, std::uint32_t events);
  void accept();
  void read(Client& client);
  void close(Client& client);

  const int epoll_;
  int listener_;
  std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
  std::string answer_;                            // to the client that is read
};

}  // namespace bare
