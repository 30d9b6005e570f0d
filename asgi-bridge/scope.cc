#include "asgi-bridge/scope.h"

#include <string_view>
#include <utility>

#include "asgi-bridge/tls_extension.h"

namespace sioserve::bridge {
namespace {

// False with an exception set, also when `value` is null.
bool set_item(const PyRef& dict, const PyRef& key, const PyRef& value) {
  return value && PyDict_SetItem(dict.get(), key.get(), value.get()) == 0;
}

PyRef to_py_address(const Gil& gil, const Address& address) {
  if (address.host.empty()) return none();
  const PyRef host = to_py_str(gil, address.host);
  const PyRef port = PyRef::steal(PyLong_FromLong(address.port));
  if (!host || !port) return PyRef();
  return PyRef::steal(PyTuple_Pack(2, host.get(), port.get()));
}

// The server's address; a Unix socket has no port.
PyRef to_py_server(const Gil& gil, const Endpoints& endpoints) {
  if (endpoints.unix_path.empty()) return to_py_address(gil, endpoints.server);
  const PyRef path = PyRef::steal(PyUnicode_DecodeFSDefaultAndSize(
      endpoints.unix_path.data(), static_cast<Py_ssize_t>(endpoints.unix_path.size())));
  return path ? PyRef::steal(PyTuple_Pack(2, path.get(), Py_None)) : PyRef();
}

PyRef to_py_pair(const Gil& gil, const HeaderView& header) {
  const PyRef name = to_py_bytes(gil, header.name);
  const PyRef value = to_py_bytes(gil, header.value);
  return name && value ? PyRef::steal(PyTuple_Pack(2, name.get(), value.get())) : PyRef();
}

bool is_text(PyObject* bytes, std::string_view text) {
  return std::string_view(PyBytes_AS_STRING(bytes),
                          static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))) == text;
}

// Not kept longer than their request.
bool is_secret(std::string_view name) {
  return name == "cookie" || name == "authorization" || name == "proxy-authorization";
}

}  // namespace

PyRef HeaderCache::get(const Gil& gil, const HeaderView& header) {
  const auto& [name, value] = header;
  if (name.size() + value.size() > longest || is_secret(name)) return to_py_pair(gil, header);
  const std::size_t last = value.empty() ? 0 : static_cast<unsigned char>(value.back());
  PyRef& pair = pairs_[(name.size() * 31 + value.size() * 7 + last) % size];
  const bool known = pair && is_text(PyTuple_GET_ITEM(pair.get(), 0), name) &&
                     is_text(PyTuple_GET_ITEM(pair.get(), 1), value);
  if (!known) pair = to_py_pair(gil, header);
  return pair;
}

ScopeFactory::ScopeFactory(const Gil& gil, const Names& names, const std::string& root_path,
                           PyRef state, PyRef extensions)
    : names_(names),
      state_(std::move(state)),
      extensions_(std::move(extensions)),
      http_template_(make_template(gil, names.http.get(), "2.3", root_path,
                                   {"sioserve.engineio", "http.response.pathsend",
                                    "http.response.trailers", "http.response.early_hint"},
                                   &names.method)),
      websocket_template_(make_template(gil, names.websocket.get(), "2.4", root_path,
                                        {"sioserve.engineio", "websocket.http.response"},
                                        &names.subprotocols)) {}

void ScopeFactory::traverse(Visitor& visit) const {
  visit(state_);
  visit(extensions_);
  http_template_.traverse(visit);
  websocket_template_.traverse(visit);
}

void ScopeFactory::clear(const Gil& gil) {
  for (PyRef* reference : {&state_, &extensions_}) {
    const PyRef gone = std::exchange(*reference, PyRef());
  }
  http_template_.clear(gil);
  websocket_template_.clear(gil);
}

// The kept values are left out: they refer to no other objects.
void ScopeFactory::Template::traverse(Visitor& visit) const {
  for (const PyRef* object : {&dict, &asgi, &extensions}) visit(*object);
}

void ScopeFactory::Template::clear(const Gil&) { const Template gone = std::exchange(*this, {}); }

bool ScopeFactory::Template::keep(const Gil&, const PyRef& key, PyRef Template::*kept,
                                  const PyRef& value) {
  if (value && value.get() == (this->*kept).get()) return true;
  if (!set_item(dict, key, value)) return false;
  this->*kept = value;
  return true;
}

ScopeFactory::Template ScopeFactory::make_template(
    const Gil& gil, PyObject* type, const char* spec_version, const std::string& root_path,
    std::initializer_list<const char*> extension_names, const PyRef* last_key) const {
  const PyRef scope = PyRef::steal(PyDict_New());
  const PyRef extensions = PyRef::steal(PyDict_New());
  if (!scope || !extensions) return {};
  for (const char* name : extension_names) {
    const PyRef empty = PyRef::steal(PyDict_New());
    if (!empty || PyDict_SetItemString(extensions.get(), name, empty.get()) != 0) return {};
  }
  if (extensions_ && PyDict_Update(extensions.get(), extensions_.get()) != 0) return {};
  const PyRef asgi =
      PyRef::steal(Py_BuildValue("{s:s,s:s}", "version", "3.0", "spec_version", spec_version));
  bool filled = set_item(scope, names_.type, PyRef::borrow(type)) &&
                set_item(scope, names_.asgi, asgi) &&
                set_item(scope, names_.root_path, to_py_str(gil, root_path)) &&
                set_item(scope, names_.query_string, to_py_bytes(gil, {})) &&
                set_item(extensions, names_.request_id, none()) &&
                set_item(scope, names_.extensions, extensions);
  // Add all keys that make() and its callers set, so that a copy of the dict does not have to grow.
  for (const PyRef* key : {&names_.http_version, &names_.path, &names_.raw_path, &names_.headers,
                           &names_.client, &names_.server, &names_.scheme, last_key}) {
    filled = filled && set_item(scope, *key, none());
  }
  if (state_) filled = filled && set_item(scope, names_.state, none());
  return filled ? Template{.dict = scope, .asgi = asgi, .extensions = extensions} : Template{};
}

PyRef ScopeFactory::make(const Gil& gil, Template& from, const RequestHead& head,
                         const Endpoints& endpoints, const PyRef& scheme, const PyRef& request_id) {
  const PyRef& version = head.http_version == "2"     ? names_.version_2
                         : head.http_version == "1.0" ? names_.version_1_0
                                                      : names_.version_1_1;
  const bool kept =
      from.dict && from.keep(gil, names_.http_version, &Template::http_version, version) &&
      from.keep(gil, names_.scheme, &Template::scheme, scheme) &&
      from.keep(gil, names_.server, &Template::server, server_of(gil, endpoints)) &&
      from.keep(gil, names_.client, &Template::client, client_of(gil, endpoints)) &&
      from.keep(gil, names_.path, &Template::path, str_of(gil, from.path, head.path)) &&
      from.keep(gil, names_.raw_path, &Template::raw_path,
                bytes_of(gil, from.raw_path, head.raw_path));
  if (!kept) return PyRef();
  const PyRef extensions = PyRef::steal(PyDict_Copy(from.extensions.get()));
  const PyRef scope = PyRef::steal(PyDict_Copy(from.dict.get()));
  if (!extensions || !scope) return PyRef();
  const bool filled =
      (head.query_string.empty() ||
       set_item(scope, names_.query_string, to_py_bytes(gil, head.query_string))) &&
      set_item(scope, names_.headers, headers_of(gil, head)) &&
      set_item(scope, names_.asgi, PyRef::steal(PyDict_Copy(from.asgi.get()))) &&
      set_item(extensions, names_.request_id, request_id) &&
      (!endpoints.tls_details ||
       set_item(extensions, names_.tls, to_tls_extension(gil, **endpoints.tls_details))) &&
      set_item(scope, names_.extensions, extensions) &&
      (!state_ || set_item(scope, names_.state, PyRef::steal(PyDict_Copy(state_.get()))));
  return filled ? scope : PyRef();
}

// `last`, or null, if it has this text.
PyRef ScopeFactory::str_of(const Gil& gil, const PyRef& last, std::string_view text) {
  const bool again =
      last && PyUnicode_IS_COMPACT_ASCII(last.get()) &&
      text == std::string_view(static_cast<char*>(PyUnicode_DATA(last.get())),
                               static_cast<std::size_t>(PyUnicode_GET_LENGTH(last.get())));
  return again ? last : to_py_str(gil, text);
}

PyRef ScopeFactory::bytes_of(const Gil& gil, const PyRef& last, std::string_view text) {
  return last && is_text(last.get(), text) ? last : to_py_bytes(gil, text);
}

PyRef ScopeFactory::headers_of(const Gil& gil, const RequestHead& head) {
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(head.headers.size())));
  if (!list) return PyRef();
  Py_ssize_t index = 0;
  for (const HeaderView& header : head.headers) {
    PyRef pair = headers_.get(gil, header);
    if (!pair) return PyRef();
    PyList_SET_ITEM(list.get(), index++, pair.release());
  }
  return list;
}

// Requests come again and again from the same clients to the same server.
PyRef ScopeFactory::client_of(const Gil& gil, const Endpoints& endpoints) {
  const Address& client = endpoints.client;
  Known& known = clients_[static_cast<std::size_t>(client.port) % clients_.size()];
  if (!known.object || known.address.port != client.port || known.address.host != client.host) {
    known = {client, to_py_address(gil, client)};
  }
  return known.object;
}

PyRef ScopeFactory::server_of(const Gil& gil, const Endpoints& endpoints) {
  const Address& server = endpoints.server;
  Known& known = server_;
  if (!known.object || known.address.port != server.port || known.address.host != server.host ||
      unix_path_ != endpoints.unix_path) {
    known = {server, to_py_server(gil, endpoints)};
    unix_path_ = endpoints.unix_path;
  }
  return known.object;
}

ScopeFactory::Template ScopeFactory::Template::copy() const {
  return Template{
      .dict = dict ? PyRef::steal(PyDict_Copy(dict.get())) : PyRef(),
      .asgi = asgi,
      .extensions = extensions,
  };
}

PyRef ScopeFactory::http(const Gil& gil, const RequestHead& head, const Endpoints& endpoints,
                         const PyRef& request_id) {
  return http_from(gil, http_template_, head, endpoints, request_id);
}

PyRef ScopeFactory::http_from(const Gil& gil, Template& from, const RequestHead& head,
                              const Endpoints& endpoints, const PyRef& request_id) {
  const bool kept = from.dict && from.keep(gil, names_.method, &Template::method,
                                           str_of(gil, from.method, head.method));
  if (!kept) return PyRef();
  return make(gil, from, head, endpoints, endpoints.tls ? names_.https : names_.http, request_id);
}

PyRef ScopeFactory::websocket(const Gil& gil, const RequestHead& head, const Endpoints& endpoints,
                              const std::vector<std::string>& subprotocols,
                              const PyRef& request_id) {
  return websocket_from(gil, websocket_template_, head, endpoints, subprotocols, request_id);
}

PyRef ScopeFactory::late(const Gil& gil, Kind kind, const RequestHead& head,
                         const Endpoints& endpoints, const PyRef& request_id, const PyRef& state) {
  PyRef scope;
  switch (kind) {
    case Kind::http: {
      Template own = http_template_.copy();
      scope = http_from(gil, own, head, endpoints, request_id);
      break;
    }
    case Kind::websocket: {
      Template own = websocket_template_.copy();
      scope = websocket_from(gil, own, head, endpoints, {}, request_id);
      break;
    }
  }
  if (!scope || !state) return scope;
  return set_item(scope, names_.state, state) ? scope : PyRef();
}

PyRef ScopeFactory::state_now(const Gil&) const {
  if (!state_ || PyDict_Size(state_.get()) == 0) return PyRef();
  return PyRef::steal(PyDict_Copy(state_.get()));
}

PyRef ScopeFactory::websocket_from(const Gil& gil, Template& from, const RequestHead& head,
                                   const Endpoints& endpoints,
                                   const std::vector<std::string>& subprotocols,
                                   const PyRef& request_id) {
  PyRef scope =
      make(gil, from, head, endpoints, endpoints.tls ? names_.wss : names_.ws, request_id);
  if (!scope) return PyRef();
  const PyRef offered = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(subprotocols.size())));
  if (!offered) return PyRef();
  Py_ssize_t index = 0;
  for (const std::string& subprotocol : subprotocols) {
    PyRef name = to_py_str(gil, subprotocol);
    if (!name) return PyRef();
    PyList_SET_ITEM(offered.get(), index++, name.release());
  }
  return set_item(scope, names_.subprotocols, offered) ? scope : PyRef();
}

}  // namespace sioserve::bridge
