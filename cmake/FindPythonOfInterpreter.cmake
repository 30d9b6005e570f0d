# Targets Python::Python and Python::Module of exactly the Python that Python_EXECUTABLE names.
# CMake's own search may combine it with the headers or library of another Python of the same version
# (a pyenv on PATH and the system's), and the result fails to start.
find_package(Python REQUIRED COMPONENTS Interpreter)

execute_process(
  COMMAND "${Python_EXECUTABLE}" -c [[
import os, sysconfig
get = lambda name: sysconfig.get_config_var(name) or ""
library = get("LDLIBRARY")
folders = [os.path.join(get("LIBDIR"), get("MULTIARCH")), get("LIBDIR"), get("LIBPL")]
found = [os.path.join(f, library) for f in folders if os.path.exists(os.path.join(f, library))]
print(sysconfig.get_path("include"), found[0] if found else "", sep=";", end="")
]]
  OUTPUT_VARIABLE python_of_interpreter COMMAND_ERROR_IS_FATAL ANY)
list(GET python_of_interpreter 0 Python_INCLUDE_DIR)
list(GET python_of_interpreter 1 Python_LIBRARY)
if(NOT Python_LIBRARY)
  message(FATAL_ERROR "${Python_EXECUTABLE} comes without a libpython to embed")
endif()

find_package(Python REQUIRED COMPONENTS Interpreter Development.Module Development.Embed)
