# Fetches what a source distribution carries beside the files in git, so that it can be built without
# a network: the JavaScript client of Socket.IO and llhttp's sources (pyproject.toml names both).
find_package(Python REQUIRED COMPONENTS Interpreter)

# fetch(SCRIPT FOLDER FILE): runs scripts/SCRIPT for the folder unless the folder has the file.
function(fetch script folder file)
  if(NOT EXISTS "${folder}/${file}")
    execute_process(
      COMMAND "${Python_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/scripts/${script}" "${folder}"
      COMMAND_ERROR_IS_FATAL ANY)
  endif()
endfunction()

fetch(fetch_client.py "${PROJECT_SOURCE_DIR}/python/sioserve/client" socket.io.js)
fetch(fetch_llhttp.py "${PROJECT_SOURCE_DIR}/build/llhttp" src/llhttp.c)
