"""C++ exceptions become Python exceptions, and never end the process without a message."""

from __future__ import annotations

import pathlib
import re

import pytest
from native import run_script
from support.sanitizers import ADDRESS_SANITIZER

BRIDGE = pathlib.Path(__file__).resolve().parents[2] / "asgi-bridge"

# Additional memory that the process may allocate from now on.
LIMIT_MEMORY = """
import asyncio, errno, gc, os, resource, threading
import _sioserve

async def application(scope, receive, send): ...

def limit_memory(bytes_more):
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + bytes_more
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

def unlimit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def expect(script: str, output: str) -> None:
    result = run_script(LIMIT_MEMORY + script)
    assert (result.returncode, result.stdout.strip()) == (0, output), result.stderr


needs_its_own_allocator = pytest.mark.skipif(
    ADDRESS_SANITIZER, reason="AddressSanitizer ends the process instead"
)


@needs_its_own_allocator
@pytest.mark.parametrize(
    "call",
    [
        "server.broadcast('/', ['event', text])",
        "server.emit(1, ['event', text])",
        "server.ack(1, 1, [text])",
        "server.join(1, text)",
        "server.refuse_socket(1, text)",
        "server.add_namespace(text)",
        "server.make_relays([(text, 'own', [], False, False, 0, 0)])",
        "server.listen_tcp(text, 0)",
        "_sioserve.Server(application, root_path=text)",
        "_sioserve.LoopbackServer(print, namespaces=[text])",
        "loopback.receive(session, text)",
        "loopback.receive(session, data)",
    ],
)
def test_memory_that_runs_out_is_a_memory_error(call: str) -> None:
    expect(
        f"""
text = "x" * 100_000_000
data = b"x" * 100_000_000
server = _sioserve.Server(application)
loopback = _sioserve.LoopbackServer(lambda: None)
session = loopback.open_session({{}})
limit_memory(50_000_000)
try:
    {call}
except MemoryError:
    print("MemoryError")
unlimit_memory()
server.emit(1, ["event"])
""",
        "MemoryError",
    )


@needs_its_own_allocator
def test_a_server_that_gets_no_descriptor_is_an_os_error() -> None:
    expect(
        """
_sioserve.Server(application)
highest = max(map(int, os.listdir("/proc/self/fd")))
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
null = [os.open("/dev/null", os.O_RDONLY) for _ in range(highest)]
resource.setrlimit(resource.RLIMIT_NOFILE, (max(null) + 1, hard))
try:
    _sioserve.Server(application)
except OSError as error:
    print(error.errno == errno.EMFILE, error)
""",
        "True [Errno 24] no eventfd: Too many open files",
    )


@needs_its_own_allocator
@pytest.mark.parametrize("access_log", ["none", "stdout"])
def test_a_start_without_a_thread_is_an_os_error_and_may_be_tried_again(access_log: str) -> None:
    expect(
        f"""
async def main():
    loop = asyncio.get_running_loop()
    server = _sioserve.Server(application, access_log="{access_log}")
    server.listen_tcp("127.0.0.1", 0)
    unused = _sioserve.Server(application, access_log="{access_log}")
    stopped = asyncio.Event()
    watched = lambda: len(loop._selector.get_map())
    watched_before = watched()
    limit_memory(2_000_000)  # a thread's stack is larger
    for tried in server, unused, server:
        try:
            tried.start(loop, stopped.set)
        except OSError as error:
            print(error.errno == errno.EAGAIN, watched() == watched_before)
    unlimit_memory()
    del unused, tried
    gc.collect()
    server.listen_tcp("127.0.0.1", 0)
    server.start(loop, stopped.set)
    server.stop()
    await stopped.wait()
    print("stopped")

asyncio.run(main())
""",
        "True True\nTrue True\nTrue True\nstopped",
    )


def test_every_function_that_the_interpreter_calls_is_guarded() -> None:
    """Only the files that guard functions may use the interpreter's tables."""
    raw = re.compile(
        r"\bPyMethodDef\b|\bPyGetSetDef\b|\bPyType_Slot\b|\bPyType_Spec\b|\bPyMemberDef\b"
        r"|\bPyType_From\w+|Py_BEGIN_ALLOW_THREADS"
    )
    callbacks = re.compile(r"PyCapsule_New\(.*|\{Py_mod_exec.*|Py_AtExit\(.*|Py_AddPendingCall\(.*")
    for path in BRIDGE.glob("*.*"):
        if path.name in ("type_spec.h", "type_spec.cc"):
            continue
        text = path.read_text()
        assert raw.findall(text) == [], path.name
        assert [found for found in callbacks.findall(text) if "guarded<&" not in found] == []
    definition = (BRIDGE / "module.cc").read_text().partition("PyModuleDef definition = {")[2]
    functions = definition.partition("};")[0].split(",")[6:]
    assert functions, "the definition of the module was not found"
    for function in functions:
        assert function.strip() in ("nullptr", "") or "guarded<&" in function
