// The context variable `_sioserve.request_id`: the id of the current request, for log lines.
#pragma once

#include <string_view>

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

PyRef make_request_id_variable(const Gil& gil);

// Sets the variable for a C++ scope; tasks that are created within it keep the id. An empty id, or
// one that could not be set, changes nothing.
class RequestIdScope {
 public:
  RequestIdScope(const Gil& gil, const PyRef& variable, const PyRef& id);
  ~RequestIdScope();
  RequestIdScope(const RequestIdScope&) = delete;
  RequestIdScope& operator=(const RequestIdScope&) = delete;

 private:
  const PyRef& variable_;
  PyRef token_;
};

}  // namespace sioserve::bridge
