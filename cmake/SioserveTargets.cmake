# sioserve_library(name SOURCES ... [LINK ...]): a static library with the project's flags.
# sioserve_test(name SOURCES ... LINK ...): a GoogleTest program registered with ctest.

add_library(sioserve_flags INTERFACE)
target_include_directories(sioserve_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(sioserve_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -fvisibility=hidden>)
# GCC 12 reports std::string concatenation (GCC bug 105651).
target_compile_options(sioserve_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>)
# It also reports the alternatives of a moved std::variant as uninitialized (GCC bug 80635).
target_compile_options(sioserve_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
# The sources of a whole library, compiled together, are more than GCC's limit for a unit (10,000
# instructions), above which it inlines less: a tenth more instructions for a request.
if(CMAKE_UNITY_BUILD)
  target_compile_options(sioserve_flags INTERFACE
    "$<$<COMPILE_LANG_AND_ID:CXX,GNU>:SHELL:--param large-unit-insns=400000>")
endif()
if(SIOSERVE_WERROR)
  target_compile_options(sioserve_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(SIOSERVE_SANITIZE)
  add_compile_options(-fsanitize=${SIOSERVE_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${SIOSERVE_SANITIZE})
  if(SIOSERVE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(SIOSERVE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(sioserve_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC sioserve_flags ${ARG_LINK})
endfunction()

function(sioserve_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE sioserve_flags ${ARG_LINK} GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
