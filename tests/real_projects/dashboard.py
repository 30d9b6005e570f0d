"""Every query of docs/grafana-dashboard.json in a real Prometheus; see scripts/check_dashboard.

usage: dashboard.py PROMETHEUS FOLDER SECONDS
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from dashboard_load import Load
from dashboard_page import Line, page
from support.certificates import Authority
from support.dashboard import charts, dashboard, filled_in, legend_of
from support.metrics import ADDRESS, metrics_url
from support.ports import free_port
from support.redis_server import RedisServer
from support.server import ServerProcess
from support.socketio_apps import APPS
from support.waiting import eventually

# Grafana's value for a source that scrapes each second, without its rounding.
RATE_INTERVAL = "4s"
STEP = 1.0  # seconds

PROMETHEUS = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: sioserve
    static_configs:
      - targets: ["{plain}", "{secure}"]
"""


class Prometheus:
    """Answers queries about the two servers."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1/", timeout=60)

    def ask(self, path: str, **parameters: Any) -> Any:
        """Raises RuntimeError with Prometheus' own words if it can't."""
        answer = self._client.get(path, params=parameters).json()
        if answer["status"] != "success":
            raise RuntimeError(answer["error"])
        return answer["data"]

    def scraped(self) -> int:
        """How many servers have answered."""
        return sum(
            target["health"] == "up"
            for target in self.ask("targets", state="active")["activeTargets"]
        )

    def lines(self, expression: str, legend: str, start: float, end: float) -> list[Line]:
        data = self.ask("query_range", query=expression, start=start, end=end, step=STEP)
        found = []
        for series in data["result"]:
            points = [(float(at), float(value)) for at, value in series["values"]]
            points = [(at, value) for at, value in points if math.isfinite(value)]
            if points:
                found.append(Line(legend_of(legend, series["metric"]), points))
        return sorted(found, key=lambda line: line.name)


@contextlib.contextmanager
def prometheus(
    program: str, folder: pathlib.Path, plain: ServerProcess, secure: ServerProcess
) -> Iterator[Prometheus]:
    addresses = {
        name: metrics_url(server, "").removeprefix("http://")
        for name, server in (("plain", plain), ("secure", secure))
    }
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(**addresses))
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        *(program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={data}"),
        f"--web.listen-address={url.removeprefix('http://')}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def is_ready() -> bool:
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        try:
            return httpx.get(f"{url}/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    try:
        eventually(is_ready)
        yield Prometheus(url)
    finally:
        process.terminate()
        process.wait(30)


def draw_all(asked: Prometheus, start: float, end: float) -> tuple[str, list[str]]:
    """The page, and a sentence for each query that failed or has no data."""
    source = dashboard()
    faults = []
    lines: dict[int, list[Line]] = {}
    for panel in charts(source):
        drawn = lines.setdefault(panel["id"], [])
        for target in panel["targets"]:
            expression = filled_in(target["expr"], RATE_INTERVAL)
            name = f"{panel['title']} ({target['refId']})"
            try:
                found = asked.lines(expression, target["legendFormat"], start, end)
            except RuntimeError as error:
                faults.append(f"{name}: {error}: {expression}")
                continue
            if not found:
                faults.append(f"{name}: no data: {expression}")
            names = [line.name for line in found]
            if len(set(names)) < len(names):
                faults.append(f"{name}: several lines have one name: {names}")
            highest = max((value for line in found for _, value in line.points), default=0)
            print(f"{len(found):3} lines up to {highest:<12.6g} {name}", flush=True)
            drawn += found
    for variable in source["templating"]["list"]:
        if variable["type"] != "query":
            continue
        (metric, label) = re.findall(r"label_values\((.+), (\w+)\)", variable["definition"])[0]
        known = asked.ask(f"label/{label}/values", **{"match[]": filled_in(metric, RATE_INTERVAL)})
        print(f"variable {variable['name']}: {known}", flush=True)
        if not known:
            faults.append(f"the variable {variable['name']} has no values")
    return page(source["panels"], lines, start, end), faults


def complaints(program: str, server: ServerProcess) -> list[str]:
    """What Prometheus' own checker of names, units and texts says about the page."""
    checker = pathlib.Path(program).with_name("promtool")
    text = httpx.get(metrics_url(server)).text
    command = [str(checker), "check", "metrics"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    if done.returncode == 0:
        return []
    return [f"promtool: {line}" for line in (done.stdout + done.stderr).splitlines()]


def photograph(html: pathlib.Path) -> None:
    """Beside it, if there is a Chromium."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        print("no picture: Chromium is not installed", flush=True)
        return
    picture = html.with_suffix(".png")
    picture.unlink(missing_ok=True)
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard()["panels"])
    command = [
        *(program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={html.parent / 'chromium'}", f"--window-size=1660,{rows * 40}"),
        *(f"--screenshot={picture}", html.as_uri()),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert picture.is_file(), "Chromium has made no picture"
    print(f"picture: {picture}", flush=True)


def main(program: str, folder: pathlib.Path, seconds: float) -> int:
    authority = Authority(folder / "certificates")
    with contextlib.ExitStack() as stack:
        redis = RedisServer(folder).start()
        stack.callback(redis.stop)
        options = ("--redis", redis.url, "--no-access-log", *ADDRESS)
        few = ("--threads", "4", "--thread-queue", "8", "--limit-concurrency", "36")
        tls = ("--workers", "2", *authority.issue().options)
        plain, secure = (
            ServerProcess("watched:application", *options, *others, cwd=APPS).start()
            for others in (few, tls)
        )
        for server in (plain, secure):
            stack.callback(server.stop)
        asked = stack.enter_context(prometheus(program, folder, plain, secure))
        eventually(lambda: asked.scraped() == 2)
        print(f"{seconds:g} s of load", flush=True)
        start = time.time()
        load = Load(plain, secure, authority.client_context, seconds)
        asyncio.run(asyncio.wait_for(load.run(), seconds + 120))
        drawn, faults = draw_all(asked, start, time.time())
        for server in (plain, secure):
            faults += complaints(program, server)
    (folder / "dashboard.html").write_text(drawn)
    print(f"page: {folder / 'dashboard.html'}", flush=True)
    photograph(folder / "dashboard.html")
    for fault in faults:
        print(f"FAILED {fault}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), float(sys.argv[3])))
