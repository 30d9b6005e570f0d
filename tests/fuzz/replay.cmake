# A test of one fuzz target: unpacks its corpus and runs the program with it, and with the inputs
# that have caused bugs.
#
#   cmake -D PROGRAM=... -D ARCHIVE=... -D FOLDER=... -D REGRESSIONS=... -P replay.cmake
#
# ARCHIVE is unpacked to FOLDER, which is emptied before. Fails if either has no input.
if(NOT EXISTS "${ARCHIVE}")
  message(FATAL_ERROR "there is no ${ARCHIVE}")
endif()
file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
file(ARCHIVE_EXTRACT INPUT "${ARCHIVE}" DESTINATION "${FOLDER}")

set(folders "${FOLDER}")
if(EXISTS "${REGRESSIONS}")
  list(APPEND folders "${REGRESSIONS}")
endif()
execute_process(COMMAND "${PROGRAM}" ${folders} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM}: ${result}")
endif()
