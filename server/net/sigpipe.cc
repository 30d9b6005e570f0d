#include "server/net/sigpipe.h"

#include <pthread.h>

namespace sioserve::net {
namespace {

sigset_t sigpipe() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

void block_sigpipe() {
  const sigset_t set = sigpipe();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

SigpipeBlocked::SigpipeBlocked() {
  const sigset_t set = sigpipe();
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

SigpipeBlocked::~SigpipeBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

}  // namespace sioserve::net
