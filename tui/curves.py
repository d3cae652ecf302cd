"""The course of an experiment as its program writes it: `metrics.jsonl`, read on from where the last look ended.

Its lines are believed as far as `state/curve.py` says. Used by the poller's thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from state.curve import point
from state.durable import open_beneath
from state.errors import LabError
from tui.widgets.plot import Curve

FILE = "metrics.jsonl"
AT_ONCE_B = 8 << 20
"""Of more that came since the last look only the end is read."""
POINTS = 600
KEPT = 20_000


class Metrics:
    """What the newest run of a job has written so far. `metric` is what the plan measures."""

    def __init__(self, job: Path, metric: str) -> None:
        self.job, self.metric = job, metric
        self.values: Mapping[str, float] = {}
        """Those of the last line."""
        self._begin(None, 0)

    def _begin(self, file: str | None, inode: int) -> None:
        self._file, self._inode, self._at = file, inode, 0
        self._name, self._points = "", list[tuple[float, float]]()

    @property
    def path(self) -> Path | None:
        """Where it is written, or will be; None as long as there is no run."""
        return self.job / self._file if self._file is not None else None

    def look(self) -> None:
        """Read what was appended; from its start a file that shrank or was replaced."""
        file = self._newest()
        try:
            with open_beneath(self.job, file or "") as descriptor:
                told = os.fstat(descriptor)
                if (file, told.st_ino) != (self._file, self._inode) or told.st_size < self._at:
                    self._begin(file, told.st_ino)
                self._at = max(self._at, told.st_size - AT_ONCE_B)
                data = os.pread(descriptor, told.st_size - self._at, self._at)
        except (OSError, LabError):  # not there yet, gone, or no file
            self._begin(file, 0)
            return
        whole = data.rfind(b"\n") + 1
        self._at += whole
        for row in data[:whole].splitlines():
            self._take(row)

    def curve(self) -> Curve:
        """At most about 600 points, the last one among them."""
        thin = self._points[:: max(len(self._points) // POINTS, 1)]
        if thin and thin[-1] != self._points[-1]:
            thin.append(self._points[-1])
        return Curve(self._name, tuple(thin))

    def _newest(self) -> str | None:
        try:
            runs = [name for name in os.listdir(self.job / "work") if name.startswith("run_")]  # noqa: PTH208  names
        except OSError:
            return None
        return f"work/{max(runs)}/{FILE}" if runs else None

    def _take(self, row: bytes) -> None:
        told = point(row)
        if told is None:
            return
        self.values = {"step": told.step, **told.values}
        self._name = self._name or self._plotted(told.values)
        if self._name in told.values:
            self._points.append((told.step, told.values[self._name]))
        if len(self._points) > KEPT:
            del self._points[1::2]

    def _plotted(self, values: Mapping[str, float]) -> str:
        """What is drawn: the metric itself where it is written step by step, else the first validation value."""
        if self.metric in values:
            return self.metric
        return next((name for name in values if name.startswith("val")), next(iter(values), ""))
