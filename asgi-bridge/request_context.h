// The context variable `_sioserve.request_id`: the id of the current request, for log lines.
#pragma once

#include "asgi-bridge/python.h"

namespace sioserve::bridge {

PyRef make_request_id_variable(const Gil& gil);

// Enters a copy of the context for a C++ scope, in which the variable is set; tasks that are
// created within it keep the id. An empty id, or one that could not be set, changes nothing.
class RequestIdScope {
 public:
  RequestIdScope(const Gil& gil, const PyRef& variable, const PyRef& id);
  // An exception that is set stays set.
  ~RequestIdScope();
  RequestIdScope(const RequestIdScope&) = delete;
  RequestIdScope& operator=(const RequestIdScope&) = delete;

 private:
  PyRef context_;  // null: none was entered
};

}  // namespace sioserve::bridge
