#include "server/net/background.h"

#include <cassert>
#include <memory>
#include <utility>

#include "server/base/run_or_abort.h"
#include "server/net/sigpipe.h"

namespace sioserve::net {
namespace {

struct Job {
  uv_work_t request{};
  std::function<void()> work;
  std::function<void()> done;
};

Job* job_of(uv_work_t* request) { return static_cast<Job*>(request->data); }

}  // namespace

void run_in_background(Loop& loop, std::function<void()> work, std::function<void()> done) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->done = std::move(done);
  job->request.data = job.get();
  const SigpipeBlocked blocked;
  const int error = uv_queue_work(
      &loop.uv(), &job->request,
      [](uv_work_t* request) { run_or_abort("Work on the thread pool", job_of(request)->work); },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Job> finished(job_of(request));
        finished->done();
      });
  assert(error == 0);
  static_cast<void>(error);
  job.release();
}

Background background_of(Loop& loop) {
  return [&loop](std::function<void()> work, std::function<void()> done) {
    run_in_background(loop, std::move(work), std::move(done));
  };
}

}  // namespace sioserve::net
