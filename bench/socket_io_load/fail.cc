#include "bench/socket_io_load/fail.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace load {

void fail(const std::string& message) {
  // It may have bytes of the peer in it.
  std::string printable = message;
  std::replace_if(
      printable.begin(), printable.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  std::fprintf(stderr, "socketio_load: %s\n", printable.c_str());
  std::exit(1);
}

}  // namespace load
