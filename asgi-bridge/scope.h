// Builds the connection scopes of the ASGI specification (HTTP and WebSocket, version 3.0).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asgi-bridge/names.h"
#include "asgi-bridge/object.h"
#include "asgi-bridge/python.h"
#include "server/base/http_values.h"

namespace sioserve::bridge {

// The pairs of headers that clients send again and again. Bounded whatever clients send: a pair
// takes the place of another one. Pairs refer to bytes only, so the garbage collector need not see
// them.
class HeaderCache {
 public:
  // A tuple of two bytes. Null with an exception set.
  PyRef get(const Gil& gil, const HeaderView& header);

 private:
  static constexpr std::size_t size = 128;  // a power of two
  static constexpr std::size_t longest = 256;

  std::array<PyRef, size> pairs_;
};

// Lives on the application thread.
class ScopeFactory {
 public:
  // `state`: the lifespan's state dict, which each scope gets a copy of, or null. `extensions`: a
  // dict of extensions in addition to the server's own, or null.
  ScopeFactory(const Gil& gil, const Names& names, const std::string& root_path, PyRef state,
               PyRef extensions);

  // False if memory ran out; an exception is set.
  bool complete() const { return http_template_.dict && websocket_template_.dict; }

  // For the garbage collector: after clear(), no scope can be built.
  void traverse(Visitor& visit) const;
  void clear(const Gil& gil);

  // A dict with `type` "http"; null with an exception set when memory runs out.
  PyRef http(const Gil& gil, const RequestHead& head, const Endpoints& endpoints,
             const PyRef& request_id);
  // A dict with `type` "websocket".
  PyRef websocket(const Gil& gil, const RequestHead& head, const Endpoints& endpoints,
                  const std::vector<std::string>& subprotocols, const PyRef& request_id);

  // The same for any thread, without subprotocols: another thread may be building a scope, and may
  // have lost the GIL to the garbage collector's finalizers.
  // `state`: of state_now(), when the client came.
  enum class Kind { http, websocket };
  PyRef late(const Gil& gil, Kind kind, const RequestHead& head, const Endpoints& endpoints,
             const PyRef& request_id, const PyRef& state);
  // A copy of the lifespan's state; null if that is empty.
  PyRef state_now(const Gil& gil) const;

 private:
  // Scopes start as a copy of `dict`. It keeps the immutable values that are usually equal in
  // successive requests. Each scope gets copies of the dicts, because middleware may change them.
  struct Template {
    void traverse(Visitor& visit) const;
    void clear(const Gil& gil);
    // With a dict of its own.
    Template copy() const;
    // Sets `key` to `value` unless it is already kept. False with an exception set if memory runs
    // out.
    bool keep(const Gil& gil, const PyRef& key, PyRef Template::*kept, const PyRef& value);

    PyRef dict, asgi{}, extensions{};
    PyRef http_version{}, server{}, scheme{}, method{}, path{}, raw_path{}, client{};
  };

  Template make_template(const Gil& gil, PyObject* type, const char* spec_version,
                         const std::string& root_path,
                         std::initializer_list<const char*> extension_names,
                         const PyRef* last_key) const;
  PyRef http_from(const Gil& gil, Template& from, const RequestHead& head,
                  const Endpoints& endpoints, const PyRef& request_id);
  PyRef websocket_from(const Gil& gil, Template& from, const RequestHead& head,
                       const Endpoints& endpoints, const std::vector<std::string>& subprotocols,
                       const PyRef& request_id);
  PyRef make(const Gil& gil, Template& from, const RequestHead& head, const Endpoints& endpoints,
             const PyRef& scheme, const PyRef& request_id);
  static PyRef str_of(const Gil& gil, const PyRef& last, std::string_view text);
  static PyRef bytes_of(const Gil& gil, const PyRef& last, std::string_view text);
  PyRef headers_of(const Gil& gil, const RequestHead& head);
  PyRef client_of(const Gil& gil, const Endpoints& endpoints);
  PyRef server_of(const Gil& gil, const Endpoints& endpoints);

  // The most recent tuple for an address. It refers to no object that could form a cycle.
  struct Known {
    Address address;
    PyRef object;
  };

  const Names& names_;
  PyRef state_;
  PyRef extensions_;
  Template http_template_;
  Template websocket_template_;
  HeaderCache headers_;
  std::array<Known, 256> clients_;
  Known server_;
  std::string unix_path_;  // of server_
};

}  // namespace sioserve::bridge
