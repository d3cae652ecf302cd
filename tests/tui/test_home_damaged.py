"""A project on home whose database is damaged or gone: said in few words, and nothing is opened in an editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from state import places
from tests.tui.screens import rows_of
from tui import drafts
from tui.app import Lab
from tui.homes import Homes
from tui.look import Home


@pytest.mark.parametrize(("left", "said"), [(b"no database" * 900, "the database is damaged"), (b"", "is gone")])
async def test_enter_on_a_project_without_a_sound_database_opens_no_editor(
    left: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr("textual.app.App.suspend", opened.append)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "?"\n')
    where = places.prepare(folder)
    (where.blobs / "ab").mkdir()
    where.database.write_bytes(left)
    drafts.know(folder)
    home = Homes().look(0)
    assert isinstance(home, Home)
    lab = Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        lab.home.looked(home)
        await pilot.pause()
        assert any(said in row for row in rows_of(lab))
        await pilot.press("enter")
        await lab.workers.wait_for_complete()
        await pilot.pause()
        assert not opened and lab.screen is lab.home
        assert rows_of(lab)[-1].strip()
