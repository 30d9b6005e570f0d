#include "server/tls/ticket_keys.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace sioserve::tls {
namespace {

void fill_with_randomness(std::span<unsigned char> bytes) {
  // With a key that can be guessed, others could read the sessions: the server does not go on.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
}

TicketKey random_key() {
  TicketKey key;
  fill_with_randomness(key.name);
  fill_with_randomness(key.cipher);
  fill_with_randomness(key.mac);
  return key;
}

}  // namespace

const TicketKey& TicketKeys::current(TimePoint now) {
  rotate(now);
  if (current_.made == TimePoint::min()) current_ = {random_key(), now};
  return current_.key;
}

const TicketKey* TicketKeys::find(std::span<const unsigned char> name, TimePoint now) {
  rotate(now);
  for (const Aged* aged : {&current_, &previous_}) {
    if (aged->made != TimePoint::min() && std::ranges::equal(aged->key.name, name)) {
      return &aged->key;
    }
  }
  return nullptr;
}

// The previous key is used for one lifetime after the current one has taken its place.
void TicketKeys::rotate(TimePoint now) {
  if (current_.made == TimePoint::min() || now < current_.made + lifetime) return;
  previous_ = now < current_.made + 2 * lifetime ? current_ : Aged{};
  current_ = {random_key(), now};
}

}  // namespace sioserve::tls
