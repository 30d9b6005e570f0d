"""Asks a project the same under both handlers; see scripts/compare_handlers.

usage: compare.py PROJECT FOLDER PACKAGES
"""

from __future__ import annotations

import contextlib
import difflib
import pathlib
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pages import Page
from servers import Answer, Browser, environment, server

HERE = pathlib.Path(__file__).parent
HANDLERS = ("stock", "auto")
MOST_PAGES = 150  # of one crawl
MOST_FORMS = 60
FEWEST = 50  # a crawl that finds less is broken
CLIENTS = 16
LEAVE_OUT = ("logout", "language_chooser")

# name: what the crawls begin with, where to log in, the fields of that form
PROJECTS = {
    "wagtail": (
        ["/", "/admin/login/", "/static/none.css", "/none/", "/search/?query=page", "/broken/"],
        ("/admin/login/", {"username": "admin", "password": "secret"}),
        ["/admin/", "/", "/django-admin/", "/admin/pages/", "/none/", "/django-admin/none/"],
    ),
    "oscar": (
        ["/", "/en-gb/", "/en-gb/catalogue/", "/none/", "/static/oscar/css/styles.css"]
        # The simple search backend finds no products.
        + [f"/en-gb/catalogue/book-{number}_{number + 1}/" for number in range(20)],
        (
            "/en-gb/accounts/login/",
            {
                "login-username": "admin@example.com",
                "login-password": "secret",
                "login_submit": "Log In",
            },
        ),
        ["/en-gb/dashboard/", "/en-gb/", "/admin/", "/en-gb/basket/", "/en-gb/checkout/"],
    ),
}


class Comparison:
    """The same requests to both servers, one after the other."""

    def __init__(self, browsers: dict[str, Browser]) -> None:
        self.browsers = browsers
        self.requests = 0
        self.differences = 0
        self.statuses: dict[int, int] = {}

    def get(self, path: str, **headers: str) -> Answer:
        return self._same(
            f"GET {path}",
            {name: one.get(path, **headers) for name, one in self.browsers.items()},
        )

    def head(self, path: str) -> Answer:
        return self._same(
            f"HEAD {path}", {name: one.head(path) for name, one in self.browsers.items()}
        )

    def post(self, path: str, fields: Iterable[tuple[str, str]], files: Iterable[str]) -> Answer:
        return self._same(
            f"POST {path}",
            {
                name: one.post(path, list(fields), list(files))
                for name, one in self.browsers.items()
            },
        )

    def crawl(self, seeds: list[str]) -> dict[str, Answer]:
        """Follow links; the answers by path."""
        waiting, seen = deque(seeds), dict.fromkeys(seeds)
        answers = {}
        while waiting and len(answers) < MOST_PAGES:
            path = waiting.popleft()
            answer = answers[path] = self.get(path)
            links = [dict(answer.headers).get("location", "")]
            if answer.is_html:
                links += Page(path, answer.text).links
            for link in links:
                if link.startswith("/") and link not in seen and not _is_left_out(link):
                    seen[link] = None
                    waiting.append(link)
        return answers

    def submit_forms(self, answers: dict[str, Answer]) -> int:
        """Each form that the pages have, once."""
        forms = {}
        for path, answer in answers.items():
            for form in Page(path, answer.text).forms if answer.is_html else ():
                if not _is_left_out(form.action):
                    forms.setdefault((form.action, tuple(name for name, _ in form.fields)), form)
        chosen = list(forms.values())[:MOST_FORMS]
        for form in chosen:
            self.post(*form)
        return len(chosen)

    def _same(self, request: str, answers: dict[str, Answer]) -> Answer:
        self.requests += 1
        stock, auto = (answers[name] for name in HANDLERS)
        self.statuses[stock.status] = self.statuses.get(stock.status, 0) + 1
        self.report(request, stock, auto)
        return stock

    def report(self, request: str, first: Answer, second: Answer) -> None:
        if first.comparable() == second.comparable():
            return
        self.differences += 1
        print(f"\n{request} differs:")
        lines = (_lines(first), _lines(second))
        for line in list(difflib.unified_diff(*lines, *HANDLERS, n=0, lineterm=""))[:30]:
            print("   ", line[:300])


def _lines(answer: Answer) -> list[str]:
    status, headers, text = answer.comparable()
    assert isinstance(headers, list)
    assert isinstance(text, str)
    return [str(status), *(f"{name}: {value}" for name, value in headers), *text.splitlines()]


def _is_left_out(path: str) -> bool:
    return any(part in path for part in LEAVE_OUT)


def ask_at_once(comparison: Comparison, answers: dict[str, Answer]) -> None:
    """All pages again from many clients at a time: nothing of a request is in another one's."""
    browser = comparison.browsers["auto"]
    browser.forget()
    clients = [browser.copy() for _ in range(CLIENTS)]

    def get(client: Browser, path: str) -> Answer:
        client.forget()
        return client.get(path)

    # A page that differs when it is asked twice counts its visits.
    alone = {path: get(browser, path) for path in answers}
    paths = [
        path
        for path, answer in alone.items()
        if answer.comparable() == get(browser, path).comparable()
    ] * 2

    def get_share(number: int) -> list[tuple[str, Answer]]:
        return [(path, get(clients[number], path)) for path in paths[number::CLIENTS]]

    with ThreadPoolExecutor(CLIENTS) as pool:
        for share in pool.map(get_share, range(CLIENTS)):
            for path, answer in share:
                comparison.report(f"GET {path} beside other requests", alone[path], answer)


def make_projects(name: str, folder: pathlib.Path, packages: pathlib.Path) -> None:
    """One for each handler, with equal databases."""
    first = folder / HANDLERS[0]
    first.mkdir(parents=True)
    subprocess.run(
        [sys.executable, str(HERE / f"make_{name}.py")],
        cwd=first,
        env=environment(packages),
        check=True,
    )
    shutil.copytree(first, folder / HANDLERS[1])


def main(name: str, folder: pathlib.Path, packages: pathlib.Path) -> int:
    make_projects(name, folder, packages)
    seeds, (login, fields), seeds_of_staff = PROJECTS[name]
    with contextlib.ExitStack() as stack:
        comparison = Comparison(
            {
                handler: Browser(stack.enter_context(server(folder / handler, packages, handler)))
                for handler in HANDLERS
            }
        )
        pages = comparison.crawl(seeds)
        comparison.submit_forms(pages)
        comparison.get(login)
        token = [("csrfmiddlewaretoken", "")]
        assert comparison.post(login, [*fields.items(), *token], []).status == 302
        pages_of_staff = comparison.crawl(seeds_of_staff)
        forms = comparison.submit_forms(pages_of_staff)
        for path in [*seeds_of_staff, *list(pages)[:20]]:
            comparison.get(path)
            comparison.head(path)
            comparison.get(path, **{"Accept-Encoding": "gzip", "If-None-Match": "*"})
        ask_at_once(comparison, pages_of_staff)
    print(
        f"{name}: {comparison.requests} requests to each handler ({len(pages)} pages without and "
        f"{len(pages_of_staff)} with login, {forms} forms), statuses {comparison.statuses}; "
        f"{comparison.differences} differences"
    )
    if min(len(pages_of_staff), comparison.requests) < FEWEST or not forms:
        print("The crawl has found too little.")
        return 1
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(pathlib.Path, sys.argv[2:4])))
