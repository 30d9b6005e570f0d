# Says in one sentence what the build needs and the system does not have, with the names of packages.
include_guard(GLOBAL)

# missing(LIBRARY APT_PACKAGE DNF_PACKAGE): notes it; stop_if_missing() tells all of them together.
macro(missing library apt_package dnf_package)
  list(APPEND missing_libraries "${library}")
  list(APPEND missing_apt "${apt_package}")
  list(APPEND missing_dnf "${dnf_package}")
endmacro()

macro(stop_if_missing)
  if(missing_libraries)
    list(JOIN missing_libraries ", " libraries)
    list(JOIN missing_apt " " apt_packages)
    list(JOIN missing_dnf " " dnf_packages)
    # CMake breaks the lines of a paragraph, but not those that begin with a space.
    message(FATAL_ERROR
      " The build of sioserve needs ${libraries}: apt-get install ${apt_packages} (Debian, Ubuntu) or dnf install ${dnf_packages} (Fedora)")
  endif()
endmacro()
