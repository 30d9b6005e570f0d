"""Configuring the build where libraries or parts of Python are missing."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import tomllib

pytestmark = pytest.mark.timeout(600)  # a busy machine takes long to try its compiler

ROOT = pathlib.Path(__file__).resolve().parents[1]
LLHTTP = ROOT / "build" / "llhttp"  # scripts/setup fetches it if the system has none

FOUND_BY_CMAKE = ("wslay", "nlohmann_json", "ZLIB")  # the others are found by pkg-config


def configure(
    folder: pathlib.Path, *definitions: str, source: pathlib.Path = ROOT, **env: str
) -> subprocess.CompletedProcess[str]:
    llhttp = [f"-DLLHTTP_SOURCE_DIR={LLHTTP}"] if source == ROOT and LLHTTP.exists() else []
    return subprocess.run(
        [
            *("cmake", "-S", str(source), "-B", str(folder)),
            *(f"-DPython_EXECUTABLE={sys.executable}", *llhttp),
            *(f"-D{definition}" for definition in definitions),
        ],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )


def sentence_of(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode != 0, result.stdout
    (line,) = [line for line in result.stderr.splitlines() if "sioserve needs" in line]
    return line.strip()


def test_all_missing_libraries_are_named_in_one_sentence_with_their_packages(
    tmp_path: pathlib.Path,
) -> None:
    hidden = [f"CMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in FOUND_BY_CMAKE]
    result = configure(tmp_path, *hidden, PKG_CONFIG_LIBDIR=str(tmp_path), PKG_CONFIG_PATH="")
    sentence = sentence_of(result)
    assert sentence.startswith("The build of sioserve needs libuv 1.40 or newer, ")
    needed, _, packages = sentence.partition(": apt-get install ")
    for library in ("libuv", "OpenSSL", "hiredis", "nghttp2", "wslay", "nlohmann/json", "zlib"):
        assert library in needed
    apt, _, dnf = packages.partition(" (Debian, Ubuntu) or dnf install ")
    assert set(apt.split()) == {
        *("libuv1-dev", "libssl-dev", "libhiredis-dev", "libwslay-dev", "nlohmann-json3-dev"),
        *("libnghttp2-dev", "zlib1g-dev"),
    }
    assert set(dnf.removesuffix(" (Fedora)").split()) == {
        *("libuv-devel", "openssl-devel", "hiredis-devel", "wslay-devel", "json-devel"),
        *("libnghttp2-devel", "zlib-devel"),
    }


def test_one_missing_library_is_named_alone(tmp_path: pathlib.Path) -> None:
    result = configure(tmp_path, "CMAKE_DISABLE_FIND_PACKAGE_wslay=ON")
    assert sentence_of(result) == (
        "The build of sioserve needs wslay: apt-get install libwslay-dev (Debian, Ubuntu) or "
        "dnf install wslay-devel (Fedora)"
    )


def test_missing_headers_of_python_are_named(tmp_path: pathlib.Path) -> None:
    result = configure(tmp_path, f"SIOSERVE_PYTHON_INCLUDE={tmp_path}")
    assert "apt-get install python3-dev (Debian, Ubuntu)" in sentence_of(result)


def test_without_a_compiler_the_sentence_names_one(tmp_path: pathlib.Path) -> None:
    result = configure(tmp_path, CXX=str(tmp_path / "none"))
    assert "apt-get install g++ (Debian, Ubuntu)" in sentence_of(result)


def test_without_a_libpython_the_command_is_a_script(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        'import sysconfig\nsysconfig.get_config_vars()["LDLIBRARY"] = "libpython-missing.so"\n'
    )
    folder = tmp_path / "build"
    result = configure(folder, "SIOSERVE_EMBED=ON", PYTHONPATH=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "comes without a libpython to embed: the command will be a Python script" in (
        result.stdout
    )
    assert (folder / "asgi-bridge" / "CMakeFiles" / "_sioserve.dir").exists()
    assert not (folder / "asgi-bridge" / "CMakeFiles" / "sioserve.dir").exists()


def test_a_source_distribution_is_built_without_a_network(tmp_path: pathlib.Path) -> None:
    """Only configured here, which is when the build fetches what is missing."""
    make = (
        "import sys, scikit_build_core.build\n"
        "scikit_build_core.build.build_sdist(sys.argv[1], {'build-dir': sys.argv[2]})\n"
    )
    subprocess.run(
        [sys.executable, "-c", make, str(tmp_path), str(tmp_path / "for_sdist")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path)
    source = tmp_path / archive.name.removesuffix(".tar.gz")
    assert (source / "python" / "sioserve" / "client" / "socket.io.min.js.map").exists()
    offline = {"PIP_NO_INDEX": "1", "npm_config_offline": "true"}
    folders = ["SKBUILD_PLATLIB_DIR=/none", "SKBUILD_SCRIPTS_DIR=/none"]
    result = configure(tmp_path / "build", "SKBUILD=2", *folders, source=source, **offline)
    assert result.returncode == 0, result.stderr
    assert "Fetching" not in result.stdout
    assert "fetching" not in result.stdout
    # The pages that messages name are installed beside the package.
    subprocess.run(
        ["cmake", "--install", str(tmp_path / "build"), "--component", "pages"],
        env={**os.environ, "DESTDIR": str(tmp_path / "installed")},
        check=True,
        capture_output=True,
    )
    pages = tmp_path / "installed" / "none" / "sioserve" / "docs"
    assert {page.name for page in pages.glob("*.md")} == {
        page.name for page in ROOT.glob("docs/*.md")
    }


def test_the_classifiers_are_the_versions_of_the_matrix() -> None:
    matrix = (ROOT / "scripts" / "test_matrix").read_text()
    tested = dict(re.findall(r'\[(3\.\d+)\]="([\d. ]+)"', matrix))
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]

    def named(kind: str) -> set[str]:
        return {line.rpartition(" ")[2] for line in classifiers if re.match(kind, line)}

    assert named(r"Programming Language :: Python :: 3\.") == set(tested)
    assert named(r"Framework :: Django :: ") == set(" ".join(tested.values()).split())
