#include "server/base/ip_network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace sioserve {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int mapped_bits = 96;

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) return address;
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), address.bytes_.begin());
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes_.data() + mapped_prefix.size()) == 1) {
    return address;
  }
  return std::nullopt;
}

IpAddress IpAddress::prefix(int bits) const {
  IpAddress network = *this;
  for (int index = 0; index < 128; ++index) {
    if (index >= bits && bit(index)) {
      network.bytes_[static_cast<std::size_t>(index / 8)] ^=
          static_cast<std::uint8_t>(0x80 >> (index % 8));
    }
  }
  return network;
}

bool IpAddress::is_ipv4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool ipv4 = is_ipv4();
  const std::uint8_t* bytes = bytes_.data() + (ipv4 ? mapped_prefix.size() : 0);
  ::inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
  return text.data();
}

bool IpAddress::bit(int index) const {
  return (bytes_[static_cast<std::size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

bool IpAddress::shares_prefix(const IpAddress& other, int bits) const {
  for (std::size_t i = 0; i < bytes_.size() && bits > 0; ++i, bits -= 8) {
    const int different = bytes_[i] ^ other.bytes_[i];
    if ((bits >= 8 ? different : different >> (8 - bits)) != 0) return false;
  }
  return true;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  const bool ipv4 = text.find(':') == std::string_view::npos;
  const int width = ipv4 ? 32 : 128;
  int bits = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > width) {
      return std::nullopt;
    }
  }
  if (ipv4) bits += mapped_bits;
  for (int bit = bits; bit < 128; ++bit) {
    if (base->bit(bit)) return std::nullopt;
  }
  return IpNetwork(*base, bits);
}

}  // namespace sioserve
