#include "bench/web_load/answers.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

namespace load {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";

bool same_letters(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char one, char other) {
    return std::tolower(static_cast<unsigned char>(one)) == other;
  });
}

// The response's Content-Length.
std::size_t length_of(std::string_view head) {
  constexpr std::string_view name = "content-length:";
  if (!head.starts_with("HTTP/1.1 200")) fail("not 200: " + std::string(head.substr(0, 300)));
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;
       line = head.find("\r\n", line + 2)) {
    const std::string_view rest = head.substr(line + 2);
    if (rest.size() > name.size() && same_letters(rest.substr(0, name.size()), name)) {
      return std::strtoul(std::string(rest.substr(name.size(), 20)).c_str(), nullptr, 10);
    }
  }
  fail("a response without Content-Length: " + std::string(head));
}

}  // namespace

void fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

std::size_t ResponseReader::take(std::string_view data) {
  complete_ = false;
  std::size_t used = 0;
  if (!in_body_) {
    const std::size_t before = head_.size();
    if (const auto end = data.find(head_end); before == 0 && end != std::string_view::npos) {
      used = end + head_end.size();
      size_ = length_of(data.substr(0, used));
    } else {
      head_ += data;
      const auto late = head_.find(head_end);
      if (late == std::string::npos) return data.size();
      used = late + head_end.size() - before;
      size_ = length_of(std::string_view(head_).substr(0, late + head_end.size()));
      head_.clear();
    }
    left_ = size_;
    in_body_ = true;
  }
  const std::size_t body = std::min(left_, data.size() - used);
  left_ -= body;
  complete_ = left_ == 0;
  in_body_ = !complete_;
  return used + body;
}

std::size_t MessageReader::take(std::string_view data) {
  if (complete_) size_ = 0;
  complete_ = false;
  std::size_t used = 0;
  while (used < data.size() && !complete_) {
    if (head_.size() < head_size()) {
      head_ += data[used++];
      if (head_.size() < head_size()) continue;
      left_ = payload_size();
      size_before_ = size_;
    } else {
      const std::size_t part = std::min(left_, data.size() - used);
      left_ -= part;
      used += part;
      size_ += part;
    }
    if (left_ == 0) end_frame();
  }
  return used;
}

// RFC 6455, section 5.2: two bytes, and a longer length if it does not fit into the second one.
std::size_t MessageReader::head_size() const {
  if (head_.size() < 2) return 2;
  const int length = head_[1] & 0x7f;
  return length == 126 ? 4 : length == 127 ? 10 : 2;
}

std::size_t MessageReader::payload_size() const {
  if (head_.size() == 2) return static_cast<std::size_t>(head_[1] & 0x7f);
  std::size_t size = 0;
  for (std::size_t i = 2; i < head_.size(); ++i)
    size = size << 8 | static_cast<unsigned char>(head_[i]);
  return size;
}

void MessageReader::end_frame() {
  const int opcode = head_[0] & 0x0f;
  const bool final = (head_[0] & 0x80) != 0;
  head_.clear();
  if (opcode == 8) fail("the server closed a WebSocket");
  if (opcode > 8) {
    size_ = size_before_;  // ping or pong
  } else {
    complete_ = final;
  }
}

}  // namespace load
