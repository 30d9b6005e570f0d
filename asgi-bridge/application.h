// The arguments of Server.__init__: the application and Python's callbacks.
#pragma once

#include <string>

#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {

struct Application {
  PyRef app;
  PyRef dispatcher;            // or None
  PyRef state;                 // a dict, or null
  PyRef extensions;            // a dict, or null
  PyRef json_default;          // or None
  PyRef client_gone;           // or None: called with a task and its scope
  PyRef max_requests_reached;  // or None: called when the server is to be stopped
  PyRef stop_begun;            // or None: called when the I/O process begins to stop
  std::string root_path;
  PyRef request_id;  // the context variable

  void traverse(Visitor& visit) const {
    for (const PyRef* reference : {&app, &dispatcher, &state, &extensions, &json_default,
                                   &client_gone, &max_requests_reached, &stop_begun, &request_id}) {
      visit(*reference);
    }
  }
};

}  // namespace sioserve::bridge
