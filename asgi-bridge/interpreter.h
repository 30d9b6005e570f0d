// The embedded interpreter of the executable.
#pragma once

namespace sioserve::bridge {

// Starts CPython as the Python next to the executable would start (its virtual environment,
// PYTHONPATH, the working directory first on sys.path, sys.executable that Python), runs
// sioserve.cli.main() and returns the exit status. One call per process.
int run_interpreter(int argc, char** argv);

}  // namespace sioserve::bridge
