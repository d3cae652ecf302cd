"""The pictures of the README: the running app on a demo's experiments, drawn by Textual, in both languages.

    python docs/picture.py [DEMO]

Writes screen.svg and screen.zh.svg beside itself, once about half of the experiments have run. Without DEMO, the folder
of a demo at work, it plays one of its own in a temporary folder and stops it afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tui import terminal  # noqa: E402  found beside this folder

terminal.prepare()

from state import lock, places  # noqa: E402
from state.status import report  # noqa: E402
from state.vocabulary import Language, WordKind  # noqa: E402
from tui import (  # noqa: E402
    language,
    launch,
    sample,
)
from tui.app import Lab  # noqa: E402
from tui.look import Look  # noqa: E402
from tui.screens.run import RunScreen  # noqa: E402

EXPERIMENTS = 5
SIZE = (112, 34)
PATIENCE_S = 1200
PICTURES = {Language.EN: "screen.svg", Language.ZH: "screen.zh.svg"}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="nightlab-picture-") as kept:
        os.environ |= {"XDG_CONFIG_HOME": kept, "XDG_STATE_HOME": kept, "COLORTERM": "truecolor"}
        if len(sys.argv) > 1:
            asyncio.run(draw(Path(sys.argv[1]).resolve()))
            return
        folder = Path(kept) / "grokking"
        sample.copy(folder, autopilot=True, language=None, model=None)
        launch.give(folder, WordKind.RUN, {})
        try:
            asyncio.run(draw(folder))
        finally:
            end(folder)


def end(folder: Path) -> None:
    """Stop the run with its experiments, then the engine, which would stay for ten minutes."""
    launch.give(folder, WordKind.STOP, {"run": 1})
    while report(folder)["state"] != "stopped":
        time.sleep(0.2)
    holder = lock.look(places.places(folder).lock)
    if holder is not None and holder.pid is not None:
        os.kill(holder.pid, signal.SIGTERM)
    while launch.alive(folder):
        time.sleep(0.2)


async def draw(folder: Path) -> None:
    """Wait until there is something to see, then write a picture a language."""
    lab = Lab(folder)
    async with lab.run_test(size=SIZE) as pilot:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            await pilot.pause(0.3)
            screen = lab.screen
            if isinstance(screen, RunScreen) and screen.look is not None and worth_seeing(screen.look):
                if screen.number == EXPERIMENTS:
                    break
                screen.action_pane(str(EXPERIMENTS))
        else:
            raise SystemExit(f"no experiments at work in {folder}")
        for each, name in PICTURES.items():
            language.use(each)
            await pilot.pause(1)
            (HERE / name).write_text(lab.export_screenshot(title="nightlab"), "utf-8")


def worth_seeing(look: Look) -> bool:
    """Half of the experiments are over, one is at work, and it has a curve."""
    over = sum(row.state == "finished" for row in look.experiments)
    running = any(row.state == "running" for row in look.experiments)
    return over >= 9 and running and look.running is not None and len(look.running.curve.points) > 8


if __name__ == "__main__":
    main()
