"""Modules of the packages `sio` and `sioserve` import only modules of lower layers.

All imports are checked, also those inside functions and those for type checkers.
"""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import graphlib
import pathlib
import re
from collections.abc import Iterable, Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PYTHON = ROOT / "python"
COMPATIBILITY = "compatibility with django-sio"

# From the lowest to the highest layer: a module may import modules of its own layer and of the
# layers before it in this table. "x.*" are the modules in the package x; "x" is only its
# __init__.py.
LAYERS: dict[str, list[str]] = {
    # --- sio ---
    "values": [
        "sio.version",
        "sio.answer",
        "sio.awaitables",
        "sio.django_support",
        "sio.database",
        "sio.exact_json",
        "sio.lazy_attribute",
        "sio.json_values",
        "sio.plain_values",
        "sio.cluster_core",
        "sio.process_core",
        "sio.exceptions",
        "sio.failures",
        "sio.time_limit",
        "sio.handover",
        "sio.handshake",
        "sio.refused_request",
        "sio.log_lines",
        "sio.names",
        "sio.changed_event",
        "sio.disconnect_reasons",
        "sio.relays",
        "sio.discovery",
        "sio.task_places",
        "sio.engineio.constants",
        "sio.engineio.packets",
        "sio.socketio.constants",
        "sio.socketio.protocol",
        "sio.socketio.flags",
        "sio.socketio.room_events",
        "sio.socketio.switches",
        "sio.socketio.socket_list",
    ],
    "types": ["sio.types"],
    "threads": ["sio.pace", "sio.threads"],
    "calls in threads": ["sio.sync_calls"],
    "handlers": [
        "sio.handlers",
        "sio.identity",
        "sio.socketio.request_checks",
        "sio.socketio.refusal_hooks",
        "sio.socketio.handshake_hooks",
        "sio.socketio.server_side",
    ],
    "Engine.IO": ["sio.engine"],
    "broadcasts": [
        "sio.socketio.target",
        "sio.socketio.broadcast_adapter",
        "sio.socketio.broadcast",
        "sio.socketio.all_clients",
        "sio.socketio.emitter",
    ],
    "emitting through Redis": ["sio.socketio.cluster", "sio.socketio.cluster.*"],
    "interfaces": ["sio.socketio.interfaces"],
    "sockets": [
        "sio.socketio.listeners",
        "sio.socketio.pending_calls",
        "sio.socketio.socket",
    ],
    "processes": ["sio.processes", "sio.cluster"],
    "adapters": [
        "sio.socketio.adapter",
        "sio.socketio.local_adapter",
        "sio.socketio.process_adapter",
        "sio.socketio.cluster_adapter",
    ],
    "namespaces": [
        "sio.socketio.handler_table",
        "sio.socketio.any_namespace",
        "sio.socketio.namespace",
        "sio.socketio.parent_namespace",
    ],
    "server": ["sio.socketio.server"],
    "registration": ["sio.consumer", "sio.registry"],
    "native server's side": [
        "sio.channel_layer",
        "sio.connection",
        "sio.dispatcher",
        "sio.dormant",
        "sio.encoding",
        "sio.handler_core",
        "sio.session_moves",
        "sio.session_state",
        "sio.sessions",
    ],
    "Admin UI": ["sio.admin", "sio.admin.*"],
    "more than a name for django-sio": ["sio.compatibility"],
    COMPATIBILITY: [
        "sio.engineio.app",
        "sio.engineio.polling",
        "sio.engineio.session",
        "sio.engineio.utils",
        "sio.engineio.websocket",
    ],
    "packages": ["sio.engineio", "sio.socketio", "sio"],
    # --- sioserve ---
    "base": [
        "sioserve",
        "sioserve.close_timeout",
        "sioserve.content_types",
        "sioserve.descriptors",
        "sioserve.forked",
        "sioserve.errors",
        "sioserve.gil",
        "sioserve.stop_signal",
        "sioserve.stopping",
        "sioserve.systemd",
        "sioserve.certificate_signal",
        "sioserve.tls",
        "sioserve.tls_core",
        "sioserve.interface",
        "sioserve.lifespan",
        "sioserve.lifespan_support",
        "sioserve.loader",
        "sioserve.log_config",
        "sioserve.logs",
        "sioserve.pages",
        "sioserve.processes",
        "sioserve.sio_package",
        "sioserve.startup_objects",
        "sioserve.this_command",
        "sioserve.unfinished",
        "sioserve.wsgi",
    ],
    "control socket": ["sioserve.control", "sioserve.control.*"],
    "options": ["sioserve.options", "sioserve.options.*", "sioserve.stop_budget"],
    "thread watch": ["sioserve.thread_watch"],
    "threads of requests": [
        "sioserve.connections",
        "sioserve.pool",
        "sioserve.request_threads",
        "sioserve.transactions",
    ],
    "handler for Django": ["sioserve.django", "sioserve.django.*"],
    "control command": ["sioserve.control.command"],
    "channel": [
        "sioserve.workers",
        "sioserve.workers.channel",
        "sioserve.workers.child",
        "sioserve.workers.told_settings",
    ],
    "service": [
        "sioserve.background",
        "sioserve.command_log",
        "sioserve.figures",
        "sioserve.interpreter",
        "sioserve.listening",
        "sioserve.runner",
        "sioserve.service",
        "sioserve.start_log",
        "sioserve.stop_log",
    ],
    "Python processes": [
        "sioserve.workers.changed_settings",
        "sioserve.workers.keeper",
        "sioserve.workers.orphans",
        "sioserve.workers.process",
        "sioserve.workers.recycling",
        "sioserve.workers.replacing",
        "sioserve.workers.retirement",
        "sioserve.workers.starting",
        "sioserve.workers.status",
        "sioserve.workers.supervisor",
        "sioserve.workers.watch",
    ],
    "I/O process": ["sioserve.workers.io_service"],
    "development": [
        "sioserve.development_log",
        "sioserve.django_application",
        "sioserve.reload",
        "sioserve.reload.*",
    ],
    "testing": ["sioserve.testing.*"],
    "stand-in": ["sioserve.daphne_replacement"],
    "entry points": [
        "sioserve.__main__",
        "sioserve.apps",
        "sioserve.checks",
        "sioserve.cli",
        "sioserve.command",
        "sioserve.management",
        "sioserve.management.*",
        "sioserve.pytest_plugin",
        "sioserve.testing",
    ],
}
ORDER = list(LAYERS)


@dataclasses.dataclass(frozen=True)
class Import:
    """The module `source` imports the module `target`; both are in `sio` or `sioserve`."""

    source: str
    target: str
    line: int
    in_function: bool = False


def modules() -> dict[str, pathlib.Path]:
    """The files by their names: modules, and stubs for type checkers in the two packages."""
    found: dict[str, pathlib.Path] = {}
    for path in sorted([*PYTHON.rglob("*.py"), *PYTHON.glob("sio*/**/*.pyi")]):
        parts = path.relative_to(PYTHON).with_suffix("").parts
        if "client" in parts:  # files for browsers, fetched by npm
            continue
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(source: str, text: str, *, is_package: bool) -> Iterator[Import]:
    tree = ast.parse(text)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, functions)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = absolute(source, node, is_package=is_package)
            names = [(origin, alias.name) for alias in node.names]
        else:
            continue
        for origin, name in names:
            module = f"{origin}.{name}"
            target = module if name is not None and module in MODULES else origin
            if target.split(".")[0] in ("sio", "sioserve"):
                yield Import(source, target, node.lineno, id(node) in inside)


def absolute(source: str, node: ast.ImportFrom, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    package = source.split(".") if is_package else source.split(".")[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def layer_of(module: str) -> str:
    """The layer that names the module; longer names take precedence over shorter ones with "*"."""
    fitting = [
        (pattern, layer)
        for layer, patterns in LAYERS.items()
        for pattern in patterns
        if fnmatch.fnmatchcase(module, pattern)
    ]
    assert fitting, f"{module} belongs to no layer: add it to LAYERS"
    return max(fitting, key=lambda found: len(found[0]))[1]


def allowed(imported: Import) -> bool:
    return ORDER.index(layer_of(imported.target)) <= ORDER.index(layer_of(imported.source))


def cycle_of(imports: Iterable[Import]) -> list[str]:
    """The modules of a cycle, if there is one."""
    graph: dict[str, set[str]] = {}
    for imported in imports:
        graph.setdefault(imported.source, set()).add(imported.target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def all_imports() -> list[Import]:
    return [
        imported
        for name, path in MODULES.items()
        for imported in imports_of(name, path.read_text(), is_package=path.stem == "__init__")
    ]


def test_every_import_is_of_a_lower_layer() -> None:
    found = all_imports()
    assert len(found) > 100
    assert [imported for imported in found if not allowed(imported)] == []


def test_no_modules_import_each_other_in_a_cycle() -> None:
    assert cycle_of(all_imports()) == []


def test_sio_imports_its_own_modules_at_the_top_only() -> None:
    assert [i for i in all_imports() if i.source.startswith("sio.") and i.in_function] == []


def test_each_name_of_the_table_exists() -> None:
    for patterns in LAYERS.values():
        for pattern in patterns:
            assert fnmatch.filter(MODULES, pattern), pattern


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("sio.handlers", "from .socketio.socket import NamespaceSocket"),
        ("sio.handlers", "from sio.socketio import socket"),
        ("sio.types", "from . import handlers"),
        ("sio.socketio.socket", "from .namespace import Namespace"),
        ("sio.socketio.socket", "import sio.socketio.server"),
        ("sio.socketio.namespace", "def f():\n    from .server import get_socketio_server"),
        (
            "sio.socketio.adapter",
            "if TYPE_CHECKING:\n    from .namespace import Namespace",
        ),
        ("sio.socketio.server", "from ..consumer import SocketIOConsumer"),
        ("sio.dispatcher", "from .engineio.session import EngineIOSession"),
        ("sio.names", "from sioserve.errors import StartupError"),
        ("sioserve.errors", "from sioserve.options import Options"),
        ("sioserve.service", "async def f():\n    import sioserve.testing.live"),
        ("sioserve.testing.process", "from sioserve import daphne_replacement"),
    ],
)
def test_a_violation_is_noticed(source: str, text: str) -> None:
    (imported,) = imports_of(source, text, is_package=False)
    assert not allowed(imported)


def test_a_cycle_is_noticed() -> None:
    texts = {
        "sio.socketio.namespace": "from .parent_namespace import ParentNamespace",
        "sio.socketio.parent_namespace": "if TYPE_CHECKING:\n    from .namespace import Namespace",
    }
    found = [i for name, text in texts.items() for i in imports_of(name, text, is_package=False)]
    assert all(allowed(imported) for imported in found)  # they are in one layer
    assert set(cycle_of(found)) == set(texts)


def test_an_import_in_a_function_is_noticed() -> None:
    (imported,) = imports_of("sio.handlers", "def f():\n    from . import names", is_package=False)
    assert imported == Import("sio.handlers", "sio.names", 2, in_function=True)


# --- django-sio's import paths ---


def test_an_import_path_of_django_sio_only_imports() -> None:
    for name in LAYERS[COMPATIBILITY]:
        docstring, *imports, exported = ast.parse(MODULES[name].read_text()).body
        assert isinstance(docstring, ast.Expr), name
        assert imports, name
        assert all(isinstance(node, ast.ImportFrom) for node in imports), name
        assert isinstance(exported, ast.Assign), name
        assert ast.unparse(exported.targets[0]) == "__all__", name


def test_the_import_paths_of_django_sio_are_documented() -> None:
    """docs/migrating-from-django-sio.md has a table of them, with the real modules."""
    text = (ROOT / "docs" / "migrating-from-django-sio.md").read_text()
    rows = re.findall(r"^\| `(sio\.engineio\.\w+)` \| (.*) \|$", text, re.MULTILINE)
    documented = {name: set(re.findall(r"`(sio[\w.]+)`", behind)) for name, behind in rows}
    assert documented == {
        name: {i.target for i in imports_of(name, MODULES[name].read_text(), is_package=False)}
        for name in LAYERS[COMPATIBILITY]
    }


def test_no_other_module_only_imports() -> None:
    """Such a module is only an indirection for readers, unless its import path is a promise."""
    named = {*LAYERS[COMPATIBILITY], "sio.version"}
    for name, path in MODULES.items():
        if path.stem == "__init__" or name in named:
            continue
        _, *body = ast.parse(path.read_text()).body
        own = [node for node in body if not isinstance(node, ast.Import | ast.ImportFrom)]
        assert [node for node in own if not ast.unparse(node).startswith("__all__")], name
