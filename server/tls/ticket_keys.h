// The keys of session tickets (RFC 5077, RFC 8446 section 4.6.1), with which a client resumes a
// session without a whole handshake.
//
// A new key is made when the current one is an hour old. Its tickets are accepted for another hour,
// which is also the lifetime of a session. So a stolen key opens at most two hours of TLS 1.2.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>

#include "server/base/clock.h"

namespace sioserve::tls {

struct TicketKey {
  std::array<unsigned char, 16> name;
  std::array<unsigned char, 32> cipher;  // AES-256-CBC
  std::array<unsigned char, 32> mac;     // HMAC-SHA-256
};

// Lives on the I/O thread, once it is made.
class TicketKeys {
 public:
  static constexpr std::chrono::hours lifetime{1};  // of a session, and of a key for new tickets

  // For a new ticket. The first call makes the first key.
  const TicketKey& current(TimePoint now);
  // The key of a ticket; null: it is unknown or too old.
  const TicketKey* find(std::span<const unsigned char> name, TimePoint now);

 private:
  struct Aged {
    TicketKey key{};
    TimePoint made = TimePoint::min();  // min: there is none
  };

  void rotate(TimePoint now);

  Aged current_;
  Aged previous_;
};

}  // namespace sioserve::tls
