"""Wheels of the packages that are installed for the tests, to install them elsewhere offline."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import pathlib
import re
import zipfile
from collections.abc import Iterator

NAME = re.compile(r"[\w.-]+")


def repack(name: str, folder: pathlib.Path) -> None:
    """Make wheels of an installed package and of what it requires (its extras are left out)."""
    done: set[str] = set()
    waiting = [name]
    while waiting:
        one = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if one in done:
            continue
        done.add(one)
        try:
            found = importlib.metadata.distribution(one)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another version of Python
        _write(found, folder)
        required = [text for text in found.requires or [] if "extra ==" not in text]
        waiting += [match[0] for text in required if (match := NAME.match(text))]


def _write(found: importlib.metadata.Distribution, folder: pathlib.Path) -> None:
    tag = re.findall(r"(?m)^Tag: (\S+)", found.read_text("WHEEL") or "")[0]
    title = f"{re.sub(r'[-.]+', '_', found.metadata['Name'])}-{found.version}"
    record = []
    with zipfile.ZipFile(folder / f"{title}-{tag}.whl", "w") as wheel:
        for name, content in _contents(found, title):
            wheel.writestr(zipfile.ZipInfo(name), content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            record.append(f"{name},sha256={digest.decode()},{len(content)}\n")
        name = f"{title}.dist-info/RECORD"
        wheel.writestr(name, "".join([*record, f"{name},,\n"]))


def _contents(found: importlib.metadata.Distribution, title: str) -> Iterator[tuple[str, bytes]]:
    made_by_pip = {entry.name for entry in found.entry_points if entry.group == "console_scripts"}
    for path in found.files or []:
        content = pathlib.Path(str(path.locate())).read_bytes
        first = path.parts[0]
        if path.suffix == ".pyc":
            continue
        if first == "..":  # a command
            if path.name not in made_by_pip:
                yield f"{title}.data/scripts/{path.name}", content()
        elif first.endswith(".dist-info"):
            kept = path.name not in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
            if kept:
                yield "/".join([f"{title}.dist-info", *path.parts[1:]]), content()
        else:
            yield str(path), content()
