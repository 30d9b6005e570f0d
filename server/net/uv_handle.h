// Owns a libuv handle: destruction closes it, and libuv gives the memory back to us when it is done
// with it. The loop must run until then, which Loop's destructor sees to.
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
