#include "server/base/local_socket.h"

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace sioserve {
namespace {

constexpr std::size_t most_sent = 8;
constexpr std::size_t most_received = 253;  // the kernel's limit for one message

LocalIo outcome_of_error(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR ? LocalIo::again
                                                                   : LocalIo::ended;
}

}  // namespace

LocalSent send_on(int socket, std::string_view bytes, std::span<const int> descriptors) {
  assert(descriptors.size() <= most_sent);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_sent * sizeof(int))> control{};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  const ssize_t sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return {outcome_of_error(errno), 0};
  return {LocalIo::done, static_cast<std::size_t>(sent)};
}

LocalReceived receive_on(int socket, std::span<char> buffer) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_received * sizeof(int))> control;
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t received = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0) return {outcome_of_error(errno), 0, {}};
  LocalReceived result{
      received == 0 ? LocalIo::ended : LocalIo::done, static_cast<std::size_t>(received), {}};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      result.descriptors.emplace_back(descriptor);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) result.descriptors.emplace_back();
  return result;
}

}  // namespace sioserve
