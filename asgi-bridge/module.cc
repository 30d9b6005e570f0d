#include "asgi-bridge/module.h"

#include <memory>

#include "asgi-bridge/guard.h"
#include "asgi-bridge/loopback_object.h"
#include "asgi-bridge/module_state.h"
#include "asgi-bridge/process_server.h"
#include "asgi-bridge/request_context.h"
#include "asgi-bridge/server_object.h"

namespace sioserve::bridge {
namespace {

// The memory of the module's state, which the interpreter owns, contains only this pointer.
using StateBox = std::unique_ptr<ModuleState>;

StateBox& state_box(PyObject* module) { return *static_cast<StateBox*>(PyModule_GetState(module)); }

int execute(PyObject* module) {
  const Gil gil = Gil::held_by_caller();
  ::new (PyModule_GetState(module)) StateBox(std::make_unique<ModuleState>());
  ModuleState& state = *state_box(module);
  if (!AsgiTypes::create(gil, module, state.types)) return -1;
  if (!HandlerTypes::create(gil, module, state.types.complete, state.handlers)) return -1;
  PyRef& request_id = state.request_id;
  request_id = make_request_id_variable(gil);
  if (!request_id || PyModule_AddObjectRef(module, "request_id", request_id.get()) != 0) return -1;
  const PyRef server_type = make_server_type(gil, module);
  if (!server_type) return -1;
  if (PyModule_AddObjectRef(module, "Server", server_type.get()) != 0) return -1;
  const PyRef loopback_type = make_loopback_type(gil, module, server_type);
  if (!loopback_type) return -1;
  if (PyModule_AddObjectRef(module, "LoopbackServer", loopback_type.get()) != 0) return -1;
  const PyRef process_type = make_process_server_type(gil, module, server_type);
  if (!process_type) return -1;
  if (PyModule_AddObjectRef(module, "ProcessServer", process_type.get()) != 0) return -1;
  const char* python_file = SIOSERVE_EMBEDDED_PYTHON_FILE;
  if (PyModule_AddStringConstant(module, "embedded_python_file", python_file) != 0) return -1;
  return PyModule_AddStringConstant(module, "__version__", SIOSERVE_VERSION);
}

// Needed because the types in the state refer to the module.
int traverse_state(PyObject* module, visitproc visit, void* argument) {
  const void* memory = PyModule_GetState(module);
  if (memory == nullptr || !state_box(module)) return 0;
  Visitor visitor(visit, argument);
  state_box(module)->traverse(visitor);
  return visitor.result();
}

// If execute() has not run, the memory is zero, which is a null pointer.
void free_state(void* module) {
  void* memory = PyModule_GetState(static_cast<PyObject*>(module));
  if (memory != nullptr) static_cast<StateBox*>(memory)->reset();
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void*>(guarded<&execute>)},
                            {0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,    "_sioserve", "The native core of sioserve.",
    sizeof(StateBox),         nullptr,     slots,
    guarded<&traverse_state>, nullptr,     guarded<&free_state>,
};

}  // namespace

// The same as PyType_GetModuleByDef(), which Python 3.10 does not have.
ModuleState& module_state(PyTypeObject* type) {
  const auto module_of = [](PyTypeObject* candidate) {
    const bool on_heap = PyType_HasFeature(candidate, Py_TPFLAGS_HEAPTYPE) != 0;
    return on_heap ? reinterpret_cast<PyHeapTypeObject*>(candidate)->ht_module : nullptr;
  };
  while (module_of(type) == nullptr || PyModule_GetDef(module_of(type)) != &definition) {
    type = type->tp_base;
  }
  return *state_box(module_of(type));
}

}  // namespace sioserve::bridge

PyMODINIT_FUNC PyInit__sioserve() { return PyModuleDef_Init(&sioserve::bridge::definition); }
