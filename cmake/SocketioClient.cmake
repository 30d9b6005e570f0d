# The JavaScript client of Socket.IO, which the server serves at /socket.io/socket.io.js, for the wheel:
# from python/sioserve/client if the sources have it (scripts/setup, a source distribution; it is
# part of the package then), otherwise from npm.
set(socketio_client "${PROJECT_SOURCE_DIR}/python/sioserve/client")
if(NOT EXISTS "${socketio_client}/socket.io.js")
  set(socketio_client "${PROJECT_BINARY_DIR}/client")
  if(NOT EXISTS "${socketio_client}/socket.io.js")
    message(STATUS "Fetching the JavaScript client of Socket.IO through npm")
    execute_process(
      COMMAND "${Python_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/scripts/fetch_client.py" "${socketio_client}"
      RESULT_VARIABLE fetch_result)
    if(NOT fetch_result EQUAL 0)
      message(FATAL_ERROR
        " The JavaScript client of Socket.IO could not be fetched through npm (see above): build with a connection to the npm registry, or from a source distribution, which has it")
    endif()
  endif()
  install(DIRECTORY "${socketio_client}/" DESTINATION "${SKBUILD_PLATLIB_DIR}/sioserve/client")
endif()
