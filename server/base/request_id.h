// Ids for requests, which connect the log lines of one request. Unique, not secret.
#pragma once

#include <cstdint>
#include <string>

namespace sioserve {

// 13 characters, digits and lower-case letters without those that look alike. Never the same twice
// from one object; two objects with random seeds agree in one of 2^64 pairs of ids.
class RequestIds {
 public:
  explicit RequestIds(std::uint64_t seed) : counter_(seed) {}

  std::string next();

 private:
  std::uint64_t counter_;
};

}  // namespace sioserve
