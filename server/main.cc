// The executable `sioserve`: CPython with the server built in. The command line is read in Python
// (python/sioserve/cli.py).
#include "asgi-bridge/interpreter.h"

int main(int argc, char** argv) { return sioserve::bridge::run_interpreter(argc, argv); }
