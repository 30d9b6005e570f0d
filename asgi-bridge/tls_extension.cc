#include "asgi-bridge/tls_extension.h"

namespace sioserve::bridge {
namespace {

PyRef list_of_texts(const Gil& gil, const std::vector<std::string>& texts) {
  PyRef list = PyRef::steal(PyList_New(static_cast<Py_ssize_t>(texts.size())));
  if (!list) return PyRef();
  Py_ssize_t index = 0;
  for (const std::string& text : texts) {
    PyRef item = to_py_str(gil, text);
    if (!item) return PyRef();
    PyList_SET_ITEM(list.get(), index++, item.release());
  }
  return list;
}

}  // namespace

PyRef to_tls_extension(const Gil& gil, const TlsDetails& details) {
  const bool has_client_cert = !details.client_cert_chain.empty();
  const PyRef server_cert = to_py_str(gil, details.server_cert);
  const PyRef chain = list_of_texts(gil, details.client_cert_chain);
  const PyRef name = has_client_cert ? to_py_str(gil, details.client_cert_name) : none();
  if (!server_cert || !chain || !name) return PyRef();
  // A client whose certificate is not valid does not get this far.
  return PyRef::steal(Py_BuildValue(
      "{sO sO sO sO si si}", "server_cert", server_cert.get(), "client_cert_chain", chain.get(),
      "client_cert_name", name.get(), "client_cert_error", Py_None, "tls_version",
      static_cast<int>(details.version), "cipher_suite", static_cast<int>(details.cipher_suite)));
}

}  // namespace sioserve::bridge
