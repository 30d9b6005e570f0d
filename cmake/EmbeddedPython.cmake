# Target Python::Embedded: the interpreter inside of an executable, linked as it is linked into the
# Python_EXECUTABLE itself. The modules of Python find the interpreter's functions in the executable.
#
# Debian's python3 contains the interpreter, and its libpython3.so is the same code compiled so that it
# executes 12 to 21 % more instructions. Where python3 uses the shared library, so does sioserve, and
# where the static library cannot be linked (Debian 13's lacks the objects of SHA-2).
#
# embedded_python_file: size in bytes, time of modification and CRC-32 of the program python3, if the
# executable contains the interpreter, otherwise empty. python/sioserve/interpreter.py compares them.
include(CheckCXXSourceCompiles)
include(CMakePushCheckState)

add_library(Python::Embedded INTERFACE IMPORTED)

execute_process(
  COMMAND "${Python_EXECUTABLE}" -c [[
import os, sys, sysconfig, zlib
get = lambda name: sysconfig.get_config_var(name) or ""
with open("/proc/self/maps") as maps:
    is_shared = "/libpython" in maps.read()
library = os.path.join(get("LIBPL"), get("LIBRARY"))
words = " ".join(get(name) for name in ("MODLIBS", "LIBS", "SYSLIBS")).split()
needs = dict.fromkeys(word for word in words if word.startswith("-l"))
path = getattr(sys, "_base_executable", None) or sys.executable
program = os.stat(path)
with open(path, "rb") as file:
    checksum = zlib.crc32(file.read())
print("" if is_shared or not os.path.exists(library) else library,
      f"{program.st_size} {int(program.st_mtime)} {checksum}", *needs, sep=";", end="")
]]
  OUTPUT_VARIABLE python_static_needs COMMAND_ERROR_IS_FATAL ANY)
list(POP_FRONT python_static_needs python_static_library embedded_python_file)

# Whole, because modules may need what nothing else refers to. Only Python's names are exported: another
# module may have its own copy of a library that is inside of the executable.
set(python_static_link
  "-Wl,--whole-archive" "${python_static_library}" "-Wl,--no-whole-archive" ${python_static_needs})
set(python_static_options "LINKER:--export-dynamic-symbol=Py*" "LINKER:--export-dynamic-symbol=_Py*")

# With the result in `variable`. `ARGN` are more link options.
function(check_static_python variable)
  cmake_push_check_state(RESET)
  set(CMAKE_REQUIRED_QUIET ON)
  set(CMAKE_REQUIRED_INCLUDES ${Python_INCLUDE_DIR})
  set(CMAKE_REQUIRED_LIBRARIES ${python_static_link})
  set(CMAKE_REQUIRED_LINK_OPTIONS ${python_static_options} ${ARGN})
  check_cxx_source_compiles("#include <Python.h>
    int main(int count, char** arguments) { return Py_BytesMain(count, arguments); }" ${variable})
  cmake_pop_check_state()
endfunction()

# Sanitizers want executables that can be loaded anywhere.
if(python_static_library AND NOT SIOSERVE_SANITIZE)
  check_static_python(SIOSERVE_STATIC_PYTHON)
  if(NOT SIOSERVE_STATIC_PYTHON)
    check_static_python(SIOSERVE_FIXED_STATIC_PYTHON "-no-pie")
  endif()
endif()
if(SIOSERVE_STATIC_PYTHON OR SIOSERVE_FIXED_STATIC_PYTHON)
  target_include_directories(Python::Embedded SYSTEM INTERFACE ${Python_INCLUDE_DIR})
  target_link_libraries(Python::Embedded INTERFACE ${python_static_link})
  target_link_options(Python::Embedded INTERFACE ${python_static_options})
  if(SIOSERVE_FIXED_STATIC_PYTHON)
    target_link_options(Python::Embedded INTERFACE "-no-pie")
  endif()
  message(STATUS "Embedding ${python_static_library}")
else()
  set(embedded_python_file "")
  target_link_libraries(Python::Embedded INTERFACE Python::Python)
  message(STATUS "Embedding ${Python_LIBRARY}")
endif()
