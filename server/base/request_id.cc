#include "server/base/request_id.h"

namespace sioserve {
namespace {

constexpr char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int digits = 13;  // of 5 bits each; short enough for a std::string without an allocation

// The mixing function of SplitMix64. It is a bijection, so ids do not repeat.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

std::string RequestIds::next() {
  counter_ += 0x9e3779b97f4a7c15;
  std::uint64_t value = mix(counter_);
  std::string id(digits, '0');
  for (char& digit : id) {
    digit = alphabet[value & 31];
    value >>= 5;
  }
  return id;
}

}  // namespace sioserve
