// Owns a libuv handle: the destructor closes it, and the memory is freed in libuv's close callback.
// The loop must run until then; Loop's destructor ensures that.
#pragma once

#include <uv.h>

#include <memory>

namespace sioserve::net {

template <typename Handle>
struct CloseUvHandle {
  void operator()(Handle* handle) const {
    uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
      std::unique_ptr<Handle>(reinterpret_cast<Handle*>(closed)).reset();
    });
  }
};

template <typename Handle>
using UvHandle = std::unique_ptr<Handle, CloseUvHandle<Handle>>;

}  // namespace sioserve::net
