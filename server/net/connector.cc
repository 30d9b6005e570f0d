#include "server/net/connector.h"

#include <netdb.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "server/net/sigpipe.h"
#include "server/net/socket_stream.h"

namespace sioserve::net {
namespace {

std::string text_of(int error) { return std::generic_category().message(error); }

}  // namespace

// Outlives the connector until libuv's thread pool has finished.
struct Connector::Lookup {
  uv_getaddrinfo_t request{};
  Connector* owner = nullptr;  // null: cancelled
};

Connector::Connector(Loop& loop, std::function<void(Connected)> done)
    : loop_(loop), done_(std::move(done)), timer_(loop, [this] { on_timer(); }) {}

Connector::~Connector() { cancel(); }

void Connector::cancel() {
  if (lookup_ != nullptr) {
    lookup_->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    lookup_ = nullptr;
  }
  timer_.stop();
  poll_.reset();
  socket_ = FileDescriptor();
  addresses_.clear();
  next_ = 0;
  error_.clear();
}

void Connector::connect(const ConnectTarget& target, Milliseconds timeout) {
  cancel();
  timeout_ = timeout;
  if (const auto* local = std::get_if<UnixTarget>(&target)) {
    add_unix_address(local->path);
    timer_.start_once(Milliseconds(0));
  } else if (const auto* tcp = std::get_if<TcpTarget>(&target)) {
    resolve(*tcp);
  }
}

void Connector::resolve(const TcpTarget& target) {
  auto lookup = std::make_unique<Lookup>();
  lookup->owner = this;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  const SigpipeBlocked blocked;
  const int error = uv_getaddrinfo(
      &loop_.uv(), &lookup->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        const std::unique_ptr<Lookup> finished(static_cast<Lookup*>(request->data));
        const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> owned(found, uv_freeaddrinfo);
        if (finished->owner != nullptr) finished->owner->on_resolved(status, found);
      },
      target.host.c_str(), std::to_string(target.port).c_str(), &hints);
  if (error != 0) {
    error_ = uv_strerror(error);
    timer_.start_once(Milliseconds(0));
    return;
  }
  lookup_ = lookup.release();
}

void Connector::on_resolved(int error, const addrinfo* found) {
  lookup_ = nullptr;
  if (error != 0) error_ = "the name can't be resolved: " + std::string(uv_strerror(error));
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    addresses_.push_back(address);
  }
  try_next();
}

void Connector::add_unix_address(const std::string& path) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(local.sun_path)) {
    error_ = "the path of the Unix socket is empty or too long";
    return;
  }
  std::memcpy(local.sun_path, path.data(), path.size());
  // A name in the abstract namespace begins with a zero byte and has none at its end.
  const bool is_abstract = path.front() == '@';
  if (is_abstract) local.sun_path[0] = '\0';
  SocketAddress address;
  std::memcpy(&address.storage, &local, sizeof(local));
  address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  addresses_.push_back(address);
}

void Connector::on_timer() {
  if (poll_) error_ = "no connection within " + std::to_string(timeout_.count()) + " ms";
  try_next();
}

void Connector::try_next() {
  timer_.stop();
  poll_.reset();
  while (next_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_++];
    socket_ = FileDescriptor(
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket_.get() < 0) {
      error_ = text_of(errno);
      continue;
    }
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.storage),
                  address.size) == 0) {
      return succeed();
    }
    if (errno == EINPROGRESS) return watch();
    error_ = text_of(errno);
  }
  fail();
}

void Connector::watch() {
  auto poll = std::make_unique<uv_poll_t>();
  if (const int error = uv_poll_init(&loop_.uv(), poll.get(), socket_.get()); error != 0) {
    error_ = uv_strerror(error);
    timer_.start_once(Milliseconds(0));
    return;
  }
  poll->data = this;
  poll_.reset(poll.release());
  uv_poll_start(poll_.get(), UV_WRITABLE, [](uv_poll_t* handle, int, int) {
    static_cast<Connector*>(handle->data)->on_writable();
  });
  timer_.start_once(timeout_);
}

void Connector::on_writable() {
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error == 0) return succeed();
  error_ = text_of(error);
  try_next();
}

void Connector::succeed() {
  poll_.reset();
  auto stream = SocketStream::adopt(loop_, std::move(socket_));
  if (!stream) {
    error_ = uv_strerror(stream.error());
    return fail();
  }
  cancel();
  const auto done = done_;  // it may destroy this object
  done(Connected(std::move(*stream)));
}

void Connector::fail() {
  std::string error = std::exchange(error_, {});
  cancel();
  const auto done = done_;
  done(Failure{std::move(error)});
}

}  // namespace sioserve::net
