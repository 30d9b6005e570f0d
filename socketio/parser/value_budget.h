// A memory limit for the values of one packet in Python. A million empty lists, which are three
// million bytes of JSON and one million of MessagePack, take about 80 million bytes of memory
// there. So the memory is estimated while the packet is checked, and the packet is refused if it
// takes far more than the messages of real clients.
#pragma once

#include <cstddef>
#include <limits>

namespace sioserve::parser {

class ValueBudget {
 public:
  // The approximate memory of a Python object and the reference to it, without the bytes of texts.
  static constexpr std::size_t value = 24;
  static constexpr std::size_t text = 64;
  static constexpr std::size_t array = 104;
  static constexpr std::size_t object = 200;
  static constexpr std::size_t member = 72;

  // Bytes of memory per byte of a message, measured for lists and objects of two small numbers,
  // which are frequent. MessagePack needs fewer bytes for them.
  static constexpr std::size_t json = 40;
  static constexpr std::size_t msgpack = 64;

  // Without a limit, for values of the application.
  ValueBudget() = default;
  // `per_byte` times the size of the message, plus a constant, because short messages do not
  // matter.
  ValueBudget(std::size_t message_bytes, std::size_t per_byte, std::size_t max_binaries)
      : memory_(short_message + per_byte * message_bytes), binaries_(max_binaries) {}

  // False: the budget is exhausted.
  bool take(std::size_t bytes) {
    taken_ += bytes;
    return taken_ <= memory_;
  }
  bool take_binary() {
    ++taken_binaries_;
    return taken_binaries_ <= binaries_;
  }

  std::size_t taken() const { return taken_; }

 private:
  static constexpr std::size_t short_message = 16'000'000;
  static constexpr std::size_t any = std::numeric_limits<std::size_t>::max();

  std::size_t memory_ = any;
  std::size_t binaries_ = any;
  std::size_t taken_ = 0;
  std::size_t taken_binaries_ = 0;
};

}  // namespace sioserve::parser
