"""The links of the documentation, in its site and on a forge, and what the site loads."""

from __future__ import annotations

import ast
import json
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = [
    *sorted(ROOT.glob("docs/*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ROOT / "sample_project/README.md",
]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]*)\)")
FENCED = re.compile(r"^( *)```.*?^\1```$", re.M | re.S)
LONGEST_README = 149  # lines


def prose(page: pathlib.Path) -> str:
    """The page without code."""
    text = FENCED.sub("", page.read_text())
    text = re.sub(r"(?m)^    .*$", "", text)
    return re.sub(r"`[^`\n]*`(?!\])", "``", text)


def anchors(page: pathlib.Path) -> set[str]:
    """The names that forges give to headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_work(page: pathlib.Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        name, _, anchor = link.partition("#")
        target = (page.parent / urllib.parse.unquote(name)).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def messages(source: pathlib.Path) -> Iterator[str]:
    """The texts in a module that are no docstrings."""
    tree = ast.parse(source.read_text())
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value)


def texts_of(source: pathlib.Path) -> Iterator[str]:
    """The texts that may become messages; in C++ and shell code also the comments."""
    if source.suffix == ".py":
        yield from messages(source)
    else:
        yield re.sub(r'"\s*\n\s*"', "", source.read_text())  # literals in several lines


def sources() -> Iterator[pathlib.Path]:
    for folder in ("python", "server", "socketio", "asgi-bridge", "cmake", "sample_project"):
        for source in ROOT.glob(f"{folder}/**/*"):
            if source.suffix in (".py", ".cc", ".h", ".cmake"):
                yield source
    yield from (path for path in ROOT.glob("scripts/*") if path.is_file())


def test_the_pages_that_messages_name_exist() -> None:
    named = {
        link
        for source in sources()
        for text in texts_of(source)
        for link in re.findall(r"docs/[\w-]+\.md(?:#[\w-]+)?", text)
    }
    assert {
        "docs/emitting.md",
        "docs/workers.md#clients-that-stay-connected",
        "docs/limits.md#http-and-websockets",  # of C++, in two literals
        "docs/redis.md#when-redis-is-away",
    } <= named
    for link in sorted(named):
        name, _, anchor = link.partition("#")
        assert (ROOT / name).is_file(), link
        assert not anchor or anchor in anchors(ROOT / name), link


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README


def build(folder: pathlib.Path, root: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / "scripts/docs", folder], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    if not (pathlib.Path(sys.executable).parent / "mkdocs").exists():
        pytest.skip("mkdocs is not installed")
    folder = tmp_path_factory.mktemp("site")
    result = build(folder, ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


class Loaded(HTMLParser):
    """What a browser fetches for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link" and values.get("rel") not in ("prev", "next", "canonical"):
            self.urls.append(values.get("href") or "")
        if tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.urls.append(values["src"] or "")


def loaded(site: pathlib.Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        parser = Loaded()
        parser.feed(page.read_text())
        yield from parser.urls
    for sheet in site.rglob("*.css"):
        yield from re.findall(r"url\([\"']?((?:https?:)?//[^)\"']*)", sheet.read_text())


def test_the_site_has_every_page_and_searches_them(site: pathlib.Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text())
    found = {entry["location"].split("/")[0].split("#")[0] for entry in index["docs"]}
    names = {page.stem for page in ROOT.glob("docs/*.md")} - {"README"}
    assert found == names | {"", "contributing", "changelog"}


def test_the_site_loads_nothing_from_other_hosts(site: pathlib.Path) -> None:
    urls = list(loaded(site))
    assert any(url.endswith(".js") for url in urls)
    assert [url for url in urls if re.match(r"(https?:)?//", url)] == []


def test_a_broken_link_is_an_error(site: pathlib.Path, tmp_path: pathlib.Path) -> None:
    copy = tmp_path / "checkout"
    for name in ("docs", "scripts"):
        shutil.copytree(ROOT / name, copy / name)
    for name in ("mkdocs.yml", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy)
    (copy / ".venv").symlink_to(pathlib.Path(sys.prefix))
    with (copy / "docs/limits.md").open("a") as page:
        page.write("\n[there](settings.md#no-such-heading)\n")
    result = build(tmp_path / "site", copy)
    assert result.returncode != 0
    assert "no-such-heading" in result.stdout
