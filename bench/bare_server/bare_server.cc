// The limit for Socket.IO benchmarks: what one core can do if a server does next to nothing. One
// thread, one epoll, no library.
//
//   bare_server PORT
//
// It knows only what bench/socket_io_load sends over WebSockets, and answers with prepared bytes:
// it accepts every handshake, does not unmask (the load generator's masks are zero), sends no
// pings, and parses no JSON. Each read is answered with one send(), and a broadcast is one send()
// for each recipient.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bare {
namespace {

constexpr int no_room = -1;

// The key of the load generator is always the same, and so is the answer.
constexpr std::string_view handshake =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
constexpr std::string_view open_packet =
    "0{\"sid\":\"bare\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
    "\"maxPayload\":1000000}";

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "bare_server: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// A text frame, appended.
void add_frame(std::string& out, std::string_view first, std::string_view second = {}) {
  const std::size_t size = first.size() + second.size();
  out += '\x81';
  if (size < 126) {
    out += static_cast<char>(size);
  } else {
    out += static_cast<char>(126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  }
  out += first;
  out += second;
}

struct Client {
  int fd;
  int room = no_room;
  bool open = false;  // the handshake is over
  // Mostly empty: half a message, and what the kernel did not take.
  std::string input;
  std::string unsent;
};

class Server {
 public:
  explicit Server(std::uint16_t port) : epoll_(::epoll_create1(0)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fail("bind");
    }
    if (::listen(listener_, 2048) != 0) fail("listen");
    watch(listener_, EPOLL_CTL_ADD, EPOLLIN);
  }

  void run() {
    epoll_event events[256];
    while (true) {
      const int count = ::epoll_wait(epoll_, events, 256, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == listener_) {
          accept();
        } else if (Client* client = client_of(fd)) {
          if ((events[i].events & EPOLLOUT) != 0) send(*client, {});
          if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read(*client);
        }
      }
    }
  }

 private:
  void watch(int fd, int operation, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, operation, fd, &event);
  }

  Client* client_of(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    return index < clients_.size() ? clients_[index].get() : nullptr;
  }

  void accept() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto index = static_cast<std::size_t>(fd);
      if (index >= clients_.size()) clients_.resize(index + 1);
      clients_[index] = std::make_unique<Client>(Client{fd, no_room, false, {}, {}});
      watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
  }

  void close(Client& client) {
    leave(client);
    const int fd = client.fd;
    clients_[static_cast<std::size_t>(fd)].reset();
    ::close(fd);
  }

  void leave(const Client& client) {
    if (client.room == no_room) return;
    std::vector<int>& members = rooms_[client.room];
    std::erase(members, client.fd);
  }

  void read(Client& client) {
    static char buffer[256 * 1024];
    const ssize_t count = ::recv(client.fd, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return close(client);
    std::string_view data(buffer, static_cast<std::size_t>(count));
    std::string whole;
    if (!client.input.empty()) {
      whole = std::exchange(client.input, {});
      whole += data;
      data = whole;
    }
    answer_.clear();
    if (!client.open) {
      const auto end = data.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        client.input = data;
        return;
      }
      data.remove_prefix(end + 4);
      client.open = true;
      answer_ += handshake;
      add_frame(answer_, open_packet);
    }
    data.remove_prefix(read_frames(client, data));
    if (!data.empty()) client.input = data;
    if (!answer_.empty()) send(client, answer_);
  }

  // Returns the number of used bytes.
  std::size_t read_frames(Client& client, std::string_view data) {
    std::size_t used = 0;
    while (data.size() - used >= 6) {
      const std::string_view rest = data.substr(used);
      std::size_t size = static_cast<unsigned char>(rest[1]) & 0x7f, head = 6;
      if (size == 126) {
        head = 8;
        if (rest.size() < head) break;
        size = static_cast<std::size_t>(static_cast<unsigned char>(rest[2])) << 8 |
               static_cast<unsigned char>(rest[3]);
      }
      if (rest.size() < head + size) break;
      on_message(client, rest.substr(head, size));
      used += head + size;
    }
    return used;
  }

  void on_message(Client& client, std::string_view text) {
    if (text.starts_with("40")) return on_connect(client, text);
    if (text.starts_with("42/relay,")) return to_room(client.room, text, client.fd);
    if (text.starts_with("42[\"all\",")) return to_all(news(text.substr(9)));
    if (text.starts_with("42[\"room\",\"r")) {
      const int room = std::atoi(text.data() + 12);
      return to_room(room, news(text.substr(text.find(',', 12) + 1)), no_room);
    }
    if (text.starts_with("42")) {
      const auto name = text.find('[');
      const auto arguments = text.find(',');
      if (name == std::string_view::npos || arguments == std::string_view::npos) return;
      std::string id = "43";
      id += text.substr(2, name - 2);
      id += '[';
      add_frame(answer_, id, text.substr(arguments + 1));
    }
  }

  void on_connect(Client& client, std::string_view text) {
    constexpr std::string_view key = "\"room\":\"r";
    if (const auto at = text.find(key); at != std::string_view::npos) {
      client.room = std::atoi(text.data() + at + key.size());
      rooms_[client.room].push_back(client.fd);
    }
    add_frame(answer_, text.starts_with("40/relay,") ? "40/relay,{\"sid\":\"bare\"}"
                                                     : "40{\"sid\":\"bare\"}");
  }

  static std::string news(std::string_view arguments) {
    return "42[\"news\"," + std::string(arguments);
  }

  void to_all(const std::string& text) {
    std::string frame;
    add_frame(frame, text);
    for (const auto& client : clients_) {
      if (client && client->open) send(*client, frame);
    }
  }

  void to_room(int room, std::string_view text, int without) {
    const auto members = rooms_.find(room);
    if (members == rooms_.end()) return;
    std::string frame;
    add_frame(frame, text);
    for (const int fd : members->second) {
      if (fd != without) send(*clients_[static_cast<std::size_t>(fd)], frame);
    }
  }

  void send(Client& client, std::string_view bytes) {
    if (client.unsent.empty()) {
      const ssize_t sent = ::send(client.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(bytes.size())) return;
      if (sent < 0 && errno != EAGAIN) return;  // closed when it is read
      client.unsent = bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
      return watch(client.fd, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
    client.unsent += bytes;
    const ssize_t sent =
        ::send(client.fd, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) client.unsent.erase(0, static_cast<std::size_t>(sent));
    if (client.unsent.empty()) watch(client.fd, EPOLL_CTL_MOD, EPOLLIN);
  }

  const int epoll_;
  int listener_;
  std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
  std::unordered_map<int, std::vector<int>> rooms_;
  std::string answer_;  // to the client that is read
};

void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace bare

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "arguments: PORT\n");
    return 2;
  }
  bare::allow_many_files();
  bare::Server(static_cast<std::uint16_t>(std::atoi(arguments[1]))).run();
}
