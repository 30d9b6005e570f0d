#include "server/transport/payload_compression.h"

#include <zlib.h>

#include <array>
#include <cassert>
#include <new>
#include <utility>

#include "server/base/accept_encoding.h"

namespace sioserve::transport {
namespace {

// In the reference server's order of preference.
constexpr std::array<std::string_view, 2> names = {"gzip", "deflate"};

// Bodies up to this size are compressed immediately, in less than half a millisecond.
constexpr std::size_t max_at_once = 32'768;
constexpr int level = 6;
constexpr int window_bits = 15;
constexpr int gzip_format = 16;  // added to window_bits
constexpr int memory_level = 8;

}  // namespace

const char* name_of(Coding coding) {
  switch (coding) {
    case Coding::gzip:
      return "gzip";
    case Coding::deflate:
      return "deflate";
  }
  __builtin_unreachable();
}

std::optional<Coding> choose_coding(const HeaderBlock& request_headers) {
  std::string accepted;
  for (const HeaderView& header : request_headers) {
    if (header.name != "accept-encoding") continue;
    if (!accepted.empty()) accepted += ",";
    accepted += header.value;
  }
  const auto codings = acceptable_codings(accepted, names);
  if (codings.empty()) return std::nullopt;
  return codings.front() == 0 ? Coding::gzip : Coding::deflate;
}

// Throws std::bad_alloc.
std::string compress(std::string_view body, Coding coding) {
  z_stream stream{};
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> state(&stream, &deflateEnd);
  const int bits = coding == Coding::gzip ? window_bits + gzip_format : window_bits;
  int status = deflateInit2(&stream, level, Z_DEFLATED, bits, memory_level, Z_DEFAULT_STRATEGY);
  if (status == Z_MEM_ERROR) throw std::bad_alloc();
  assert(status == Z_OK);
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  status = deflate(&stream, Z_FINISH);
  assert(status == Z_STREAM_END);
  static_cast<void>(status);
  out.resize(stream.total_out);
  return out;
}

std::shared_ptr<PayloadCompression> PayloadCompression::start(std::string body, Coding coding,
                                                              Done done,
                                                              const Background& background) {
  const std::shared_ptr<PayloadCompression> job(
      new PayloadCompression(std::move(body), coding, std::move(done)));
  if (job->body_.size() <= max_at_once) {
    job->run();
    job->finish();
  } else {
    background([job] { job->run(); }, [job] { job->finish(); });
  }
  return job;
}

void PayloadCompression::run() {
  try {
    compressed_ = compress(body_, coding_);
  } catch (const std::bad_alloc&) {
    // Out of memory: the body is sent uncompressed.
  }
}

void PayloadCompression::finish() {
  const Done done = std::exchange(done_, nullptr);
  if (!done) return;
  if (!compressed_.empty() && compressed_.size() < body_.size()) {
    done(Outcome::compressed, std::move(compressed_));
  } else {
    done(Outcome::left, std::move(body_));
  }
}

}  // namespace sioserve::transport
