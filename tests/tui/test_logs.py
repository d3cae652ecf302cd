"""Logs as files: any window of 100,000 lines at once, and a reader who is not dragged along."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tui.logfile import LONGEST, LogFile
from tui.widgets.logpane import LogPane


def pane_on(path: Path) -> LogPane:
    log = LogFile(path)
    log.update()
    pane = LogPane()
    pane.show(log)
    return pane


def shown(pane: LogPane, rows: int = 10) -> list[str]:
    assert pane.file is not None
    pane.file.update()
    return [row.plain.strip() for row in pane.draw(80, rows)]


def test_the_end_is_followed_until_one_scrolls_up_and_again_after_end(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_text("".join(f"line {n}\n" for n in range(100_000)))
    pane = pane_on(path)
    assert shown(pane)[-1] == "line 99999"
    pane.move(-50)
    before = shown(pane)
    with path.open("a") as file:
        file.write("".join(f"more {n}\n" for n in range(1000)))
    assert shown(pane) == before
    assert pane.behind == 1000
    pane.to_end(True)
    assert shown(pane)[-1] == "more 999"
    assert pane.behind == 0


def test_a_log_that_began_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_text("one\ntwo\nthree\n")
    log = LogFile(path)
    log.update()
    path.write_text("new\n")
    assert log.update()
    assert log.lines(0, 9) == ["new"]
    path.unlink()
    assert log.update()
    assert len(log) == 0


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key\n")
    (tmp_path / "out.log").symlink_to(tmp_path / "secret")
    log = LogFile(tmp_path / "out.log")
    assert not log.update()
    assert len(log) == 0
    assert log.lines(0, 9) == []


@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"")), min_size=1, max_size=30))
def test_every_line_is_found_whatever_its_bytes(rows: list[bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(b"".join(row + b"\n" for row in rows))
        log = LogFile(path)
        log.update()
        assert log.lines(0, len(rows)) == [row.decode("utf-8", "replace") for row in rows]


def test_of_a_line_without_end_only_its_beginning_is_read(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_bytes(b"x" * (1 << 20) + b"\nnext\n")
    log = LogFile(path)
    log.update()
    assert [len(row) for row in log.lines(0, 9)] == [LONGEST, 4]
