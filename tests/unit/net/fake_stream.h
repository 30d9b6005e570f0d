// A stream in memory.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/net/stream.h"

namespace sioserve::net {

// The state of a stream for the test; outlives the stream.
struct Wire {
  StreamListener* listener = nullptr;
  std::string output;               // the bytes passed to the kernel
  std::vector<SharedBytes> shared;  // the shared buffers among them
  std::size_t unsent = 0;           // bytes of output that the peer has not read
  bool reading = true;
  bool peer_is_disconnected = false;
  bool broken_unnoticed = false;
  bool finished = false;
  bool closed = false;
};

class FakeStream final : public Stream {
 public:
  explicit FakeStream(Wire& wire) : wire_(wire) {}

  void start(StreamListener& listener) override { wire_.listener = &listener; }
  void pause_reading() override { wire_.reading = false; }
  void resume_reading() override { wire_.reading = true; }
  void write(std::string_view bytes) override {
    if (wire_.finished || wire_.closed) return;
    wire_.output += bytes;
    wire_.unsent += bytes.size();
  }
  void write_owned(std::string bytes) override { write(bytes); }
  void write_shared(const SharedBytes& bytes) override {
    write(*bytes);
    wire_.shared.push_back(bytes);
  }
  void write_file(FilePart part) override {
    std::string bytes(part.size, '\0');
    const ssize_t size = ::pread(part.file->descriptor.get(), bytes.data(), bytes.size(),
                                 static_cast<off_t>(part.offset));
    ASSERT_EQ(size, static_cast<ssize_t>(part.size));
    write(bytes);
  }
  std::size_t buffered() const override { return wire_.unsent; }
  bool peer_is_disconnected() const override { return wire_.peer_is_disconnected; }
  bool broken_unnoticed() const override { return wire_.broken_unnoticed; }
  void finish() override { wire_.finished = true; }
  void close() override { wire_.closed = true; }

 private:
  Wire& wire_;
};

}  // namespace sioserve::net
