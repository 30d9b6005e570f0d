// The embedded interpreter of the executable.
#pragma once

namespace sioserve::bridge {

// Starts CPython in the same way as the Python next to the executable (its virtual environment,
// PYTHONPATH, the working directory first on sys.path, that Python as sys.executable), runs
// sioserve.cli.main() and returns the exit status. One call per process.
int run_interpreter(int argc, char** argv);

}  // namespace sioserve::bridge
