// The executable `sioserve`: CPython with the server as a built-in module. Python reads the command
// line (python/sioserve/cli.py).
#include "asgi-bridge/interpreter.h"

int main(int argc, char** argv) { return sioserve::bridge::run_interpreter(argc, argv); }
