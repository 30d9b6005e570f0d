#include "asgi-bridge/type_spec.h"

namespace sioserve::bridge {

PyRef make_type(const Gil&, PyObject* module, const char* name, std::size_t size,
                unsigned int flags, const std::vector<Slot>& slots, PyObject* base) {
  std::vector<PyType_Slot> rows;
  for (const Slot& slot : slots) rows.push_back(slot.row());
  rows.push_back({0, nullptr});
  PyType_Spec spec = {name, static_cast<int>(size), 0, flags, rows.data()};
  return PyRef::steal(PyType_FromModuleAndSpec(module, &spec, base));
}

}  // namespace sioserve::bridge
