#include "server/base/run_or_abort.h"

#include <sys/uio.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iterator>

namespace sioserve {
namespace {

iovec piece(const char* text) { return {const_cast<char*>(text), std::strlen(text)}; }

}  // namespace

void abort_because(const char* who, const char* what) {
  // Does not allocate: memory may be exhausted.
  const iovec line[] = {piece("sioserve: "), piece(who), piece(" failed: "), piece(what),
                        piece("\n")};
  [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, line, std::size(line));
  std::abort();
}

}  // namespace sioserve
