"""Watched: the files whose changes restart the server."""

from __future__ import annotations

import dataclasses
import fnmatch
import os
from collections.abc import Iterator

from sioserve.errors import StartupError
from sioserve.options import Options

ALWAYS_INCLUDED = ("*.py",)
# Also matched against each parent folder.
ALWAYS_EXCLUDED = (".*", "__pycache__", "node_modules", "site-packages", "*~")


@dataclasses.dataclass(frozen=True)
class Watched:
    """Paths are absolute. `files` are watched in any folder and with any name."""

    directories: tuple[str, ...]
    files: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __contains__(self, path: str) -> bool:
        if path in self.files:
            return True
        relative = self._relative(path)
        if relative is None:
            return False
        return self._wanted(relative) and not any(
            self._unwanted(part) for part in _prefixes(relative)
        )

    def present(self) -> Iterator[str]:
        """All watched files that exist now."""
        yield from (path for path in self.files if os.path.exists(path))
        for directory in self.directories:
            for folder, subfolders, names in os.walk(directory):
                inside = os.path.relpath(folder, directory)
                subfolders[:] = [
                    name
                    for name in subfolders
                    if not self._unwanted(os.path.normpath(os.path.join(inside, name)))
                ]
                for name in names:
                    relative = os.path.normpath(os.path.join(inside, name))
                    if self._wanted(relative) and not self._unwanted(relative):
                        yield os.path.join(directory, relative)

    def _relative(self, path: str) -> str | None:
        for directory in self.directories:
            if path.startswith(os.path.join(directory, "")):
                return os.path.relpath(path, directory)
        return None

    def _wanted(self, relative: str) -> bool:
        return _matches(relative, (*ALWAYS_INCLUDED, *self.include))

    def _unwanted(self, relative: str) -> bool:
        return _matches(relative, (*ALWAYS_EXCLUDED, *self.exclude))


def watched_by(options: Options) -> Watched:
    """The watched files of the options, with the files that the command itself reads.

    Raises StartupError for a missing folder.
    """
    for directory in options.reload_dir:
        if not os.path.isdir(directory):
            raise StartupError(f"There is no folder {directory} to watch")
    directories = options.reload_dir or (".", options.app_dir)
    files = (options.config, options.env_file, options.log_config)
    return Watched(
        directories=_outermost([os.path.realpath(directory) for directory in directories]),
        files=tuple(os.path.realpath(file) for file in files if file is not None),
        include=options.reload_include,
        exclude=options.reload_exclude,
    )


def _outermost(directories: list[str]) -> tuple[str, ...]:
    """The folders, without those inside another one."""
    return tuple(
        directory
        for directory in dict.fromkeys(directories)
        if not any(
            directory != other and directory.startswith(os.path.join(other, ""))
            for other in directories
        )
    )


def _prefixes(relative: str) -> Iterator[str]:
    """ "a", "a/b" and "a/b/c" of "a/b/c"."""
    parts = relative.split(os.sep)
    return (os.sep.join(parts[: count + 1]) for count in range(len(parts)))


def _matches(relative: str, patterns: tuple[str, ...]) -> bool:
    """A pattern matches the name, or the path below the watched folder."""
    name = os.path.basename(relative)
    return any(
        fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(relative, pattern)
        for pattern in (pattern.rstrip("/") for pattern in patterns)
    )
