// The two transformations of permessage-deflate (RFC 7692 section 7.2), on zlib: raw DEFLATE in
// which each message ends with an empty block whose last four bytes are left out.
// Both objects allocate memory when they are first used. release() frees it, at any time between
// two messages: a compressor may drop its window, a decompressor keeps only the bytes of its
// window. In use, a compressor with the windows of accept_deflate_offer() takes about 45 KB and a
// decompressor about 12 KB.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct z_stream_s;

namespace sioserve::ws {

enum class ContextTakeover { on, off };

class Deflater {
 public:
  Deflater(int window_bits, ContextTakeover takeover);
  Deflater(Deflater&&) noexcept;
  Deflater& operator=(Deflater&&) noexcept;
  ~Deflater();

  std::string compress(std::string_view message);

  void release() { stream_.reset(); }
  bool holds_memory() const { return stream_ != nullptr; }

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  void prepare();

  int window_bits_;
  ContextTakeover takeover_;
  std::unique_ptr<z_stream_s, End> stream_;
};

class Inflater {
 public:
  Inflater(int window_bits, ContextTakeover takeover);
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;
  ~Inflater();

  enum class Error { corrupt, too_big };

  // Decompresses the next bytes of a message and appends them to `message`. Stops as soon as it
  // would be longer than `limit`. After an error the object must not be used.
  std::optional<Error> add(std::string_view compressed, std::string& message, std::size_t limit);
  // The compressed message has ended.
  std::optional<Error> finish(std::string& message, std::size_t limit);

  // Not while a message is being decompressed.
  void release();
  bool holds_memory() const { return stream_ != nullptr; }

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  void prepare();
  std::optional<Error> inflate(std::string_view compressed, std::string& message,
                               std::size_t limit);

  int window_bits_;
  ContextTakeover takeover_;
  std::unique_ptr<z_stream_s, End> stream_;
  std::string window_;  // while there is no zlib stream
  bool within_message_ = false;
};

}  // namespace sioserve::ws
