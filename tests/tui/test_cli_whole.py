"""The whole way, in a pipe: `nightlab demo --lang zh` ends in a Chinese paper with measured numbers, by itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest

NIGHTLAB = Path(sys.executable).with_name("nightlab")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_in_a_pipe_ends_in_a_chinese_paper_and_names_it_last(tmp_path: Path) -> None:
    ended = subprocess.run(
        [NIGHTLAB, "demo", tmp_path / "demo", "--lang", "zh"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NIGHTLAB_IDLE_S": "1"},
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    paper = Path(ended.stdout.splitlines()[-1])
    assert paper == tmp_path / "demo" / "runs" / "1" / "paper" / "paper.pdf"
    assert len(ended.stdout.splitlines()) == 1
    progress = ended.stderr.splitlines()
    assert len([line for line in progress if re.match(r"\d\d:\d\d:\d\d  ", line)]) > 50
    assert not [line for line in progress if "event." in line or "phase." in line]

    pages = pypdfium2.PdfDocument(paper)
    text = "".join(page.get_textpage().get_text_range() for page in pages)
    assert "预演" in text and "权重衰减" in text
    assert "\ufffd" not in text

    said = subprocess.run(
        [NIGHTLAB, "-C", tmp_path / "demo", "status", "--json"], capture_output=True, text=True, check=True
    )
    told = json.loads(said.stdout)
    assert told["state"] == "done"
    assert told["calls"]["repeated"] == 0 and told["experiments"]["started_twice"] == 0
    assert told["experiments"]["finished"] >= 9
    for path in told["products"].values():
        assert (tmp_path / "demo" / path).exists(), path
