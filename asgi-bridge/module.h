// The module _sioserve, for the executable to register as a built-in.
#pragma once

#include "asgi-bridge/python.h"

PyMODINIT_FUNC PyInit__sioserve();
