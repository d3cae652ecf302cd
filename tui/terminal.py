"""What must be settled before Textual is imported, and the way in.

Kitty's keyboard protocol garbles Chinese input of five characters and more; an arrow key torn apart by a slow link
reads as Escape; animations cost 100 KB a page over SSH. Textual reads these from the environment when it is imported,
so `open_lab` sets them first. The command line calls it; it imports nothing heavy until then.
"""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path


def prepare() -> None:
    """Set what Textual reads at import. A person's own settings stand."""
    os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
    os.environ.setdefault("ESCDELAY", "400")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")


def open_lab(project: Path | None = None, run: int | None = None) -> int:
    """Open the lab on a project (home without one) and stay until the person leaves. Returns the exit code."""
    prepare()
    # whoever started us may ignore it (nohup does), and a screen without a terminal would spin for ever
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    gc.disable()  # imports make much and drop little; the app collects again after its first frame
    from tui.app import Lab  # Textual is imported here, after `prepare`

    lab = Lab(project, run)
    lab.run()
    return lab.return_code or 0
