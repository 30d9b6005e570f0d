"""Hooks of MkDocs, for what differs between the site and the Markdown files on a forge.

CONTRIBUTING.md and CHANGELOG.md are at the top of the repository, where forges look for them. In
the site they are pages like those of docs/. A link that shows the name of a file shows the page's
title there. In tables, forges need a backslash before a pipe in code, and Python-Markdown shows it.
"""

from __future__ import annotations

import pathlib
import re
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = pathlib.Path(__file__).resolve().parents[1]
FROM_ROOT = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    config.nav = existing(config.nav, pathlib.Path(config.docs_dir))
    return config


def existing(entry: Any, docs: pathlib.Path) -> Any:
    """The navigation without pages that do not exist; None if nothing is left of `entry`."""
    if isinstance(entry, list):
        kept = [existing(item, docs) for item in entry]
        return [item for item in kept if item is not None] or None
    if isinstance(entry, dict):
        kept = {title: existing(item, docs) for title, item in entry.items()}
        return {title: item for title, item in kept.items() if item is not None} or None
    return entry if entry in FROM_ROOT.values() or (docs / entry).is_file() else None


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for source, name in FROM_ROOT.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    if page.file.src_uri in FROM_ROOT.values():
        return re.sub(r"\]\(docs/", "](", markdown)
    for source, name in FROM_ROOT.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}")
    markdown = re.sub(r"`[^`\n]+`", lambda code: code[0].replace(r"\|", "|"), markdown)
    return re.sub(r"\[([\w-]+\.md)\]\(\1", lambda link: f"[{title(link[1])}]({link[1]}", markdown)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    # For site.css: what is not broken in the cell of a table.
    return re.sub(r"<code>(?=[^<]{1,40}</code>)", '<code class="short">', html)


def title(name: str) -> str:
    """The first heading of a page in docs/; the file's name if there is no such page."""
    path = ROOT / "docs" / name
    return path.read_text().split("\n", 1)[0].removeprefix("# ") if path.is_file() else name
