# Copyright (c) virtshare contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Prometheus of our own what the dashboard asks, of what was recorded before."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tests.support import promtool
from tests.support.playbook import ROOT

BOARD = ROOT / "extensions/grafana/virtshare_guard.json"
_SECONDS = 60


def panels() -> list[dict]:
    """The panels of the dashboard for Grafana."""
    return json.loads(BOARD.read_text(encoding="utf-8"))["panels"]


def answers(metrics: str, begin: float, end: float, step: float) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """{title of a panel: {legend: [(seconds since the beginning, value)]}}, each expression as the dashboard has it.

    metrics: in OpenMetrics' form. begin, end: seconds since 1970; step: seconds between two points.
    """
    with tempfile.TemporaryDirectory() as directory:
        source, data = Path(directory) / "metrics.txt", Path(directory) / "data"
        source.write_text(metrics, encoding="utf-8")
        code, said = promtool.run("tsdb", "create-blocks-from", "openmetrics", str(source), str(data))
        assert code == 0, said
        with _running(Path(directory), data, step) as address:
            return {panel["title"]: dict(
                found for target in panel["targets"] for found in _lines(address, target, begin, end, step)) for panel in panels()}


def _lines(address, target, begin, end, step):
    # $instance and $path are what one chooses at the top of the dashboard: all.
    query = urllib.parse.urlencode({"query": re.sub(r"\$\w+", ".*", target["expr"]), "start": begin, "end": end, "step": step})
    with urllib.request.urlopen(f"{address}/api/v1/query_range?{query}", timeout=_SECONDS) as answer:
        result = json.load(answer)["data"]["result"]
    for line in result:
        yield _legend(target["legendFormat"], line["metric"]), [(float(at) - begin, float(value)) for at, value in line["values"]]


def _legend(form, labels):
    return re.sub(r"{{(\w+)}}", lambda match: labels.get(match[1], ""), form)


@contextlib.contextmanager
def _running(directory, data, step):
    """The address of a Prometheus that scrapes nothing, and takes a value for old after two steps."""
    (directory / "prometheus.yml").write_text("{}\n", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listening = "127.0.0.1:%d" % free.getsockname()[1]
    with open(directory / "log", "wb") as log, subprocess.Popen(
            [promtool.path("prometheus"), f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={data}",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address={listening}",
             f"--query.lookback-delta={round(2 * step)}s"], cwd=directory, stdout=log, stderr=log) as server:
        try:
            _wait(f"http://{listening}/-/ready", server)
            yield f"http://{listening}"
        finally:
            server.terminate()


def _wait(address, server):
    end = time.monotonic() + _SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.1)
