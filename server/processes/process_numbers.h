// Numbers that say which Python process has given them: its own number in the upper bits.
#pragma once

#include <cstdint>

#include "server/processes/distributor.h"

namespace sioserve::processes {

inline constexpr unsigned number_bits = 40;
inline constexpr std::uint64_t number_mask = (std::uint64_t{1} << number_bits) - 1;

inline std::uint64_t with_process(ProcessId process, std::uint64_t number) {
  return static_cast<std::uint64_t>(process) << number_bits | number;
}

inline ProcessId process_in(std::uint64_t number) {
  return ProcessId{static_cast<std::uint32_t>(number >> number_bits)};
}

// False for a number that leaves no room for that of a process.
template <typename Number>
bool add_process(ProcessId process, Number& number) {
  const auto own = static_cast<std::uint64_t>(number);
  if (own > number_mask) return false;
  number = Number{with_process(process, own)};
  return true;
}

}  // namespace sioserve::processes
