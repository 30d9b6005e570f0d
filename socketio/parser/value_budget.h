// What the values of one packet may take in Python. A million empty lists, three million bytes as
// JSON and one as MessagePack, become some 80 million bytes of memory there; so it is estimated
// while the packet is checked, which ends where the message would become far more than what real
// clients send does.
#pragma once

#include <cstddef>
#include <limits>

namespace sioserve::parser {

class ValueBudget {
 public:
  // Each as an object of Python's with what refers to it, beside the bytes of texts: rounded.
  static constexpr std::size_t value = 24;
  static constexpr std::size_t text = 64;
  static constexpr std::size_t array = 104;
  static constexpr std::size_t object = 200;
  static constexpr std::size_t member = 72;

  // What lists and objects of two small numbers come to, of which real clients send many.
  // MessagePack needs fewer bytes for them.
  static constexpr std::size_t json = 40;
  static constexpr std::size_t msgpack = 64;

  // For what the application has written.
  ValueBudget() = default;
  // `per_byte` times the message; and for a short one, whose memory hardly matters, much more.
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
