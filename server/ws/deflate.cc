#include "server/ws/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <utility>

namespace sioserve::ws {
namespace {

constexpr std::string_view tail("\x00\x00\xff\xff", 4);
// zlib's range is 1 to 9. 5 needs an eighth of the default's memory and compresses small messages
// equally well.
constexpr int memory_level = 5;
constexpr std::size_t chunk_size = 16'384;
// zlib's data_type after all input has been consumed, at the end of a block.
constexpr int at_block_boundary = 128;

// The input pointer of zlib is not const.
Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

// --- Deflater ---

void Deflater::End::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

Deflater::Deflater(int window_bits, ContextTakeover takeover)
    : window_bits_(window_bits), takeover_(takeover) {}
Deflater::Deflater(Deflater&&) noexcept = default;
Deflater& Deflater::operator=(Deflater&&) noexcept = default;
Deflater::~Deflater() = default;

void Deflater::prepare() {
  if (stream_) return;
  auto stream = std::make_unique<z_stream_s>();
  if (deflateInit2(stream.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits_, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  stream_.reset(stream.release());
}

std::string Deflater::compress(std::string_view message) {
  // Without new input, zlib writes nothing. This is an empty stored block without the tail.
  if (message.empty()) return std::string(1, '\0');
  prepare();
  stream_->next_in = bytes_of(message);
  stream_->avail_in = static_cast<uInt>(message.size());
  assert(stream_->avail_in == message.size());
  std::string compressed;
  std::size_t size = 0;
  do {
    compressed.resize(size + std::clamp(message.size() / 2, std::size_t{64}, chunk_size));
    stream_->next_out = bytes_of(compressed) + size;
    stream_->avail_out = static_cast<uInt>(compressed.size() - size);
    deflate(stream_.get(), Z_SYNC_FLUSH);
    size = compressed.size() - stream_->avail_out;
  } while (stream_->avail_out == 0);
  compressed.resize(size - tail.size());
  if (takeover_ == ContextTakeover::off) deflateReset(stream_.get());
  return compressed;
}

// --- Inflater ---

void Inflater::End::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

// zlib does not support windows of 8 bits: clients with zlib use 9 bits too.
Inflater::Inflater(int window_bits, ContextTakeover takeover)
    : window_bits_(std::max(window_bits, 9)), takeover_(takeover) {}
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;
Inflater::~Inflater() = default;

void Inflater::prepare() {
  if (stream_) return;
  auto stream = std::make_unique<z_stream_s>();
  if (inflateInit2(stream.get(), -window_bits_) != Z_OK) throw std::bad_alloc();
  stream_.reset(stream.release());
  const std::string window = std::exchange(window_, std::string());
  if (window.empty()) return;
  if (inflateSetDictionary(stream_.get(), bytes_of(window), static_cast<uInt>(window.size())) !=
      Z_OK) {
    throw std::bad_alloc();
  }
}

std::optional<Inflater::Error> Inflater::add(std::string_view compressed, std::string& message,
                                             std::size_t limit) {
  if (compressed.empty()) return std::nullopt;
  prepare();
  within_message_ = true;
  return inflate(compressed, message, limit);
}

std::optional<Inflater::Error> Inflater::finish(std::string& message, std::size_t limit) {
  // For an empty message there is no open block that the tail could end.
  if (!std::exchange(within_message_, false)) return std::nullopt;
  if (const auto error = inflate(tail, message, limit)) return error;
  if (stream_->data_type != at_block_boundary) return Error::corrupt;
  if (takeover_ == ContextTakeover::off) inflateReset(stream_.get());
  return std::nullopt;
}

std::optional<Inflater::Error> Inflater::inflate(std::string_view compressed, std::string& message,
                                                 std::size_t limit) {
  std::array<char, chunk_size> chunk;
  stream_->next_in = bytes_of(compressed);
  stream_->avail_in = static_cast<uInt>(compressed.size());
  do {
    stream_->next_out = bytes_of({chunk.data(), chunk.size()});
    stream_->avail_out = static_cast<uInt>(chunk.size());
    const int result = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    const std::size_t size = chunk.size() - stream_->avail_out;
    if (size > limit - message.size()) return Error::too_big;
    message.append(chunk.data(), size);
    switch (result) {
      case Z_OK:
        break;
      case Z_STREAM_END:
        // After a final block more blocks may follow, with the same window.
        inflateResetKeep(stream_.get());
        break;
      case Z_BUF_ERROR:
        return std::nullopt;  // all input is consumed
      case Z_MEM_ERROR:
        throw std::bad_alloc();
      default:
        return Error::corrupt;
    }
  } while (stream_->avail_in > 0 || stream_->avail_out == 0);
  return std::nullopt;
}

void Inflater::release() {
  if (!stream_) return;
  assert(!within_message_);
  if (takeover_ == ContextTakeover::on) {
    window_.resize(std::size_t{1} << window_bits_);
    uInt size = 0;
    inflateGetDictionary(stream_.get(), bytes_of(window_), &size);
    window_.resize(size);
    window_.shrink_to_fit();
  }
  stream_.reset();
}

}  // namespace sioserve::ws
