// Headers as nghttp2 takes them. Only for this folder.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/base/header_block.h"

namespace sioserve::http2 {

// Valid as long as the headers.
class FieldList {
 public:
  FieldList(std::uint16_t status, const HeaderBlock& headers) {
    const auto end = std::to_chars(status_.data(), status_.data() + status_.size(), status).ptr;
    list_.reserve(headers.size() + 1);
    list_.push_back(field(":status", {status_.data(), end}));
    add(headers);
  }
  explicit FieldList(const HeaderBlock& trailers) { add(trailers); }
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

  const nghttp2_nv* data() const { return list_.data(); }
  std::size_t size() const { return list_.size(); }

 private:
  void add(const HeaderBlock& headers) {
    for (const HeaderView& header : headers) list_.push_back(field(header.name, header.value));
  }

  // nghttp2 copies the texts; this struct of it has no const.
  static nghttp2_nv field(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }

  std::array<char, 5> status_{};
  std::vector<nghttp2_nv> list_;
};

}  // namespace sioserve::http2
