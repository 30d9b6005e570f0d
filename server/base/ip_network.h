// IP addresses and networks as values: parsed, compared, and written in their canonical form.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sioserve {

// An IPv4 address and its IPv6 form ("::ffff:192.0.2.1") are the same address.
class IpAddress {
 public:
  // Numeric, without brackets, port or zone.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_ipv4() const;
  std::string to_string() const;
  // The address with all bits after the first `bits` of 128 cleared.
  IpAddress prefix(int bits) const;
  // Of 128, the most significant one first.
  bool bit(int index) const;
  // Whether the first `bits` of 128 are the same; IPv4 counts as its IPv6 form.
  bool shares_prefix(const IpAddress& other, int bits) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

class IpNetwork {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or an address, which is a network of one address. Bits after the
  // prefix must be zero; others are a mistake of the user.
  static std::optional<IpNetwork> parse(std::string_view text);

  bool contains(const IpAddress& address) const { return address.shares_prefix(base_, bits_); }

 private:
  IpNetwork(const IpAddress& base, int bits) : base_(base), bits_(bits) {}

  IpAddress base_;
  int bits_;
};

}  // namespace sioserve
