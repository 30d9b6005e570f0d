#include "asgi-bridge/interpreter.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "asgi-bridge/descriptors.h"
#include "asgi-bridge/module.h"
#include "asgi-bridge/python.h"

namespace sioserve::bridge {
namespace {

constexpr int startup_failure = 3;  // as in python/sioserve/cli.py

// As os.path.abspath(): the module `site` compares the prefix, which comes from this path, with a
// path that it has written so, and warns if they differ (Python 3.14).
std::string as_python_writes_it(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return (error ? path : absolute).lexically_normal().string();
}

// The Python whose environment this executable uses: the one next to it (in the bin/ of a virtual
// environment), or that of the activated environment, or the one that it was built for.
std::string find_python() {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const char* active = std::getenv("VIRTUAL_ENV");
  const fs::path candidates[] = {
      error ? fs::path() : self.parent_path() / "python3",
      active == nullptr ? fs::path() : fs::path(active) / "bin" / "python3",
  };
  for (const fs::path& candidate : candidates) {
    if (!candidate.empty() && fs::exists(candidate, error)) return as_python_writes_it(candidate);
  }
  return as_python_writes_it(SIOSERVE_PYTHON_EXECUTABLE);
}

// A PyConfig that is cleared at the end of the C++ scope.
class Configuration {
 public:
  Configuration() { PyConfig_InitPythonConfig(&config_); }
  ~Configuration() { PyConfig_Clear(&config_); }
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  PyConfig& get() { return config_; }

 private:
  PyConfig config_;
};

[[noreturn]] void die(PyStatus status) { Py_ExitStatusException(status); }

void initialize(int argc, char** argv) {
  Configuration configuration;
  PyConfig& config = configuration.get();
  const std::string python = find_python();
  // getpath derives prefixes and the virtual environment from the program's name.
  PyStatus status = PyConfig_SetBytesString(&config, &config.program_name, python.c_str());
  if (PyStatus_Exception(status)) die(status);
  status = PyConfig_SetBytesString(&config, &config.executable, python.c_str());
  if (PyStatus_Exception(status)) die(status);
  config.parse_argv = 0;
  status = PyConfig_SetBytesArgv(&config, argc, argv);
  if (PyStatus_Exception(status)) die(status);
  status = Py_InitializeFromConfig(&config);
  if (PyStatus_Exception(status)) die(status);
}

// The exit status for a SystemExit that ended cli.main(), as the interpreter itself computes it.
int exit_status(const Gil& gil) {
  if (!PyErr_ExceptionMatches(PyExc_SystemExit)) {
    PyErr_Print();
    return 1;
  }
  const PyRef error = take_exception(gil);
  const PyRef code = attribute(gil, error.get(), "code");
  if (!code || code.get() == Py_None) return 0;
  if (PyLong_Check(code.get())) return static_cast<int>(PyLong_AsLong(code.get()));
  PyObject_Print(code.get(), stderr, Py_PRINT_RAW);
  std::fputc('\n', stderr);
  return 1;
}

int run_command_line() {
  const Gil gil = Gil::held_by_caller();
  // Before the modules of the command are imported: they are a third of the start's objects.
  const PyRef collect_rarely = import_attribute(gil, "sioserve.startup_objects", "collect_rarely");
  if (!collect_rarely || !PyRef::steal(PyObject_CallNoArgs(collect_rarely.get()))) {
    return exit_status(gil);
  }
  const PyRef main = import_attribute(gil, "sioserve.cli", "main");
  if (!main) return exit_status(gil);
  const PyRef status = PyRef::steal(PyObject_CallNoArgs(main.get()));
  if (!status) return exit_status(gil);
  return PyLong_Check(status.get()) ? static_cast<int>(PyLong_AsLong(status.get())) : 0;
}

}  // namespace

int run_interpreter(int argc, char** argv) {
  if (!open_standard_descriptors() || !has_enough_descriptors()) {
    std::fputs(
        "sioserve: Not enough file descriptors for the server to start; raise the limit with "
        "ulimit -n\n",
        stderr);
    return startup_failure;
  }
  if (PyImport_AppendInittab("_sioserve", PyInit__sioserve) != 0) return EXIT_FAILURE;
  initialize(argc, argv);
  const int status = run_command_line();
  // Flushes the standard streams and runs atexit handlers.
  return Py_FinalizeEx() < 0 && status == 0 ? 120 : status;
}

}  // namespace sioserve::bridge
