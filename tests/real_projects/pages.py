"""Reads pages: their links and forms, and what may differ between two answers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

HOST = "site.test"

# What differs from one run of a project to the next: tokens, times, addresses, ports, the order of
# sets of classes (in Wagtail's choosers), and the traceback of Django's page about an exception.
_VARYING = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), replacement)
    for pattern, replacement in [
        (r"\b[0-9a-z]{64}\b", "TOKEN"),
        (r"\b[0-9a-z]{32}\b", "TOKEN"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?", "TIME"),
        (r"\d{1,2}:\d\d(:\d\d)?(:|&nbsp;| |\u202f|\xa0)?([ap]\.?m\.?)?", "TIME"),
        (r"\d+(\xa0|&nbsp;| )(second|minute)s?", "SPAN"),
        (r"0x[0-9a-f]{8,16}", "ADDRESS"),
        (r"\w{3}, \d\d \w{3} \d{4} TIME GMT", "DATE"),
        (r"(messages=[^:;]*):[^;]*", r"\1:TOKEN"),
        (r'"modelNames": \[[^]]*\]', "NAMES"),
        (r'<div id="traceback">.*<div id="requestinfo">', "TRACEBACK"),
        (r"<pre>(&#x27;)?\d{4,5}(&#x27;)?</pre>", "PORT"),
        (r"/(stock|auto)(?=/|&#x27;)", "/HANDLER"),
    ]
]


def comparable(text: str) -> str:
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text


class Form(NamedTuple):
    action: str  # path and query
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...]


class Page(HTMLParser):
    """The links and the POST forms of a page, with values as a browser would send them."""

    def __init__(self, path: str, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._base = f"http://{HOST}{path}"
        self._action: str | None = None
        self._fields: list[tuple[str, str]] = []
        self._files: list[str] = []
        self._select: str | None = None
        self._options: list[str] = []
        self._chosen: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        for name in ("href", "src"):
            if values.get(name) and (path := self._local(values[name])):
                self.links.append(path)
        if tag == "form":
            self._end_form()
            if values.get("method", "get").lower() == "post":
                self._action = self._local(values.get("action", ""))
        elif name := values.get("name", ""):
            self._handle_field(tag, name, values)
        elif tag == "option" and self._select:
            self._handle_option(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._end_form()
        elif tag == "select" and self._select:
            chosen = self._chosen if self._chosen is not None else "".join(self._options[:1])
            self._fields.append((self._select, chosen))
            self._select = None

    def close(self) -> None:
        super().close()
        self._end_form()

    def _handle_field(self, tag: str, name: str, values: dict[str, str]) -> None:
        if tag == "select":
            self._select, self._options, self._chosen = name, [], None
        elif tag == "textarea":
            self._fields.append((name, "text"))
        elif tag == "input":
            kind = values.get("type", "text")
            if kind == "file":
                self._files.append(name)
            elif kind in ("checkbox", "radio"):
                if "checked" in values:
                    self._fields.append((name, values.get("value") or "on"))
            elif kind == "email":
                self._fields.append((name, values.get("value") or "someone@example.com"))
            elif kind == "number":
                self._fields.append((name, values.get("value") or "1"))
            elif kind not in ("submit", "button", "image", "reset"):
                self._fields.append((name, values.get("value") or "text"))

    def _handle_option(self, values: dict[str, str]) -> None:
        self._options.append(values.get("value", ""))
        if "selected" in values:
            self._chosen = values.get("value", "")

    def _end_form(self) -> None:
        if self._action:
            self.forms.append(Form(self._action, tuple(self._fields), tuple(self._files)))
        self._action, self._fields, self._files = None, [], []

    def _local(self, link: str) -> str:
        """Path and query; empty for other hosts and schemes."""
        try:
            parts = urlsplit(urldefrag(urljoin(self._base, link)).url)
        except ValueError:
            return ""
        if parts.scheme != "http" or parts.netloc != HOST:
            return ""
        return parts.path + (f"?{parts.query}" if parts.query else "")
