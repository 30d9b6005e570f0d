# Target Python::Module, and Python::Embedded if SIOSERVE_EMBED is on, of exactly the Python that
# Python_EXECUTABLE names. CMake's own search may combine it with the headers or library of another
# Python of the same version (a pyenv on PATH and the system's), and the result fails to start.
#
# SIOSERVE_PYTHON_INCLUDE and SIOSERVE_PYTHON_SUFFIX name the folders of headers and the file suffix of modules
# of another Python, which need not be able to run here.
find_package(Python REQUIRED COMPONENTS Interpreter)

execute_process(
  COMMAND "${Python_EXECUTABLE}" -c [[
import os, sysconfig
get = lambda name: sysconfig.get_config_var(name) or ""
library = get("LDLIBRARY")
folders = [os.path.join(get("LIBDIR"), get("MULTIARCH")), get("LIBDIR"), get("LIBPL")]
found = [os.path.join(f, library) for f in folders if os.path.exists(os.path.join(f, library))]
print(sysconfig.get_path("include"), get("EXT_SUFFIX"), found[0] if found else "", sep=";", end="")
]]
  OUTPUT_VARIABLE python_of_interpreter COMMAND_ERROR_IS_FATAL ANY)
list(GET python_of_interpreter 0 Python_INCLUDE_DIR)
list(GET python_of_interpreter 1 python_suffix)
list(GET python_of_interpreter 2 Python_LIBRARY)
if(SIOSERVE_PYTHON_INCLUDE)
  set(Python_INCLUDE_DIR "${SIOSERVE_PYTHON_INCLUDE}")
  set(python_suffix "${SIOSERVE_PYTHON_SUFFIX}")
endif()

list(GET Python_INCLUDE_DIR 0 python_headers)
if(NOT EXISTS "${python_headers}/Python.h")
  missing("the headers of ${Python_EXECUTABLE}" python3-dev python3-devel)
elseif(SIOSERVE_EMBED AND NOT Python_LIBRARY)
  message(STATUS "${Python_EXECUTABLE} comes without a libpython to embed: the command will be a Python script")
  set(SIOSERVE_EMBED OFF)
elseif(SIOSERVE_EMBED)
  find_package(Python REQUIRED COMPONENTS Interpreter Development.Embed)
  include(EmbeddedPython)
endif()

add_library(Python::Module INTERFACE IMPORTED)
target_include_directories(Python::Module SYSTEM INTERFACE ${Python_INCLUDE_DIR})
if(python_suffix MATCHES "^\\.cpython-[0-9]+t-")
  target_compile_definitions(Python::Module INTERFACE Py_GIL_DISABLED=1)  # as its pyconfig.h says
endif()
