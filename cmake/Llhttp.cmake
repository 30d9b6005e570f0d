# Target llhttp::llhttp: the system's library if it has one, otherwise built from the released C
# files in PyPI's source distribution of httptools (pinned, hash checked by pip). Ours carries them.
set(LLHTTP_SOURCE_DIR "" CACHE PATH "Folder with llhttp's include/ and src/; empty: find or fetch")
if(NOT LLHTTP_SOURCE_DIR AND EXISTS "${PROJECT_SOURCE_DIR}/llhttp/src/llhttp.c")
  set(LLHTTP_SOURCE_DIR "${PROJECT_SOURCE_DIR}/llhttp")  # of a source distribution
endif()

find_path(LLHTTP_INCLUDE_DIR llhttp.h)
find_library(LLHTTP_LIBRARY llhttp)
if(LLHTTP_INCLUDE_DIR AND LLHTTP_LIBRARY AND NOT LLHTTP_SOURCE_DIR)
  add_library(llhttp_system UNKNOWN IMPORTED)
  set_target_properties(llhttp_system PROPERTIES
    IMPORTED_LOCATION "${LLHTTP_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${LLHTTP_INCLUDE_DIR}")
  add_library(llhttp::llhttp ALIAS llhttp_system)
  return()
endif()

if(LLHTTP_SOURCE_DIR)
  set(llhttp_dir "${LLHTTP_SOURCE_DIR}")
else()
  set(llhttp_dir "${PROJECT_BINARY_DIR}/llhttp")
  if(NOT EXISTS "${llhttp_dir}/src/llhttp.c")
    message(STATUS "llhttp is not installed: fetching its released sources through pip")
    execute_process(
      COMMAND "${Python_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/scripts/fetch_llhttp.py" "${llhttp_dir}"
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
endif()

add_library(llhttp STATIC
  "${llhttp_dir}/src/api.c" "${llhttp_dir}/src/http.c" "${llhttp_dir}/src/llhttp.c")
set_target_properties(llhttp PROPERTIES UNITY_BUILD OFF)  # two files declare the same functions
target_include_directories(llhttp SYSTEM PUBLIC "${llhttp_dir}/include")
add_library(llhttp::llhttp ALIAS llhttp)
