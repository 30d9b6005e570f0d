// The text of one line of the log. Its memory is used again for the next line, and values are
// written into it without copies in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sioserve::access_log {

inline constexpr std::size_t longest_number = 20;  // digits

// Returns the end of what it has written.
char* put_number(std::uint64_t number, char* out);

class Line {
 public:
  static constexpr std::size_t short_text = 4;

  std::string_view text() const { return {buffer_.data(), size_}; }
  void clear() { size_ = 0; }

  // Where the next `bytes` bytes may be written; end() takes over those before `end`.
  char* room(std::size_t bytes) {
    if (buffer_.size() - size_ < bytes) grow(bytes);
    return buffer_.data() + size_;
  }
  void end(const char* end) { size_ = static_cast<std::size_t>(end - buffer_.data()); }

  void add(char c) {
    *room(1) = c;
    ++size_;
  }
  void add(std::string_view text) {
    char* const out = room(text.size());
    if (text.size() > short_text) {
      std::memcpy(out, text.data(), text.size());
    } else {
      // Cheaper than a call.
      for (std::size_t i = 0; i < text.size(); ++i) out[i] = text[i];
    }
    size_ += text.size();
  }
  void add_number(std::uint64_t number) { end(put_number(number, room(longest_number))); }

 private:
  void grow(std::size_t bytes) { buffer_.resize(2 * (size_ + bytes)); }

  std::string buffer_ = std::string(256, '\0');  // its first `size_` bytes are the line
  std::size_t size_ = 0;
};

}  // namespace sioserve::access_log
