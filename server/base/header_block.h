// The headers of a request, in one buffer: one allocation instead of two for each header. They are
// read in their order, and cannot be changed in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>

namespace sioserve {

// Valid until the block is changed, moved or destroyed.
struct HeaderView {
  std::string_view name;  // lower case
  std::string_view value;
};

class HeaderBlock {
 public:
  class Iterator;

  HeaderBlock() = default;
  HeaderBlock(std::initializer_list<HeaderView> headers) {
    for (const HeaderView& header : headers) add(header.name, header.value);
  }

  Iterator begin() const;
  Iterator end() const;
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Of all headers, as they are kept.
  std::size_t bytes() const { return size_; }

  void clear() { size_ = count_ = 0; }
  void reserve(std::size_t bytes) {
    if (buffer_.size() < bytes) buffer_.resize(bytes);
  }
  // Converts the name to lower case. Neither text is part of this block.
  void add(std::string_view name, std::string_view value) {
    begin_header();
    append_to_name(name);
    append_to_value(value);
  }

  // For a parser that receives a header in parts: first begin_header(), then the parts of the name,
  // then those of the value.
  void begin_header() {
    last_ = size_;
    ++count_;
    extend(sizeof(Sizes));
    write_sizes({0, 0});
  }
  void append_to_name(std::string_view part);  // converts it to lower case
  void append_to_value(std::string_view part);
  // Without spaces and tabs at the end of the last value.
  void trim_value();

 private:
  // A header is its sizes, its name and its value.
  struct Sizes {
    std::uint32_t name;
    std::uint32_t value;
  };

  static std::uint32_t size_of(std::string_view text) {
    return static_cast<std::uint32_t>(text.size());
  }
  static Sizes read_sizes(const char* header) {
    Sizes sizes;
    std::memcpy(&sizes, header, sizeof sizes);
    return sizes;
  }
  Sizes last_sizes() const { return read_sizes(buffer_.data() + last_); }
  void write_sizes(Sizes sizes) { std::memcpy(buffer_.data() + last_, &sizes, sizeof sizes); }

  // Returns where to write so many bytes.
  char* extend(std::size_t bytes) {
    if (size_ + bytes > buffer_.size()) buffer_.resize(2 * (size_ + bytes));
    char* const end = buffer_.data() + size_;
    size_ += bytes;
    return end;
  }

  std::string buffer_;  // its first size_ bytes are used
  std::size_t size_ = 0;
  std::size_t last_ = 0;  // where the last header begins
  std::size_t count_ = 0;
};

class HeaderBlock::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = HeaderView;
  using difference_type = std::ptrdiff_t;
  using pointer = const HeaderView*;
  using reference = HeaderView;

  Iterator() = default;
  explicit Iterator(const char* header) : header_(header) {}

  HeaderView operator*() const {
    const Sizes sizes = read_sizes(header_);
    const char* name = header_ + sizeof sizes;
    return {{name, sizes.name}, {name + sizes.name, sizes.value}};
  }
  Iterator& operator++() {
    const Sizes sizes = read_sizes(header_);
    header_ += sizeof sizes + sizes.name + sizes.value;
    return *this;
  }
  Iterator operator++(int) {
    const Iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator& other) const = default;

 private:
  const char* header_ = nullptr;
};

inline HeaderBlock::Iterator HeaderBlock::begin() const { return Iterator(buffer_.data()); }
inline HeaderBlock::Iterator HeaderBlock::end() const { return Iterator(buffer_.data() + size_); }

}  // namespace sioserve
