"""What the doctor says of a machine is what holds there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from engine import doctor
from engine.experiments.gpus import Card, Inventory

MAIN, DROP = "systemd/logind.conf", "systemd/logind.conf.d"


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        ({f"etc/{MAIN}": "yes"}, True),
        ({f"etc/{MAIN}": "no", f"usr/lib/{MAIN}": "yes"}, False),
        ({f"etc/{MAIN}": "yes", f"usr/lib/{DROP}/10-keep.conf": "no"}, False),
        ({f"usr/lib/{DROP}/10-distro.conf": "no", f"etc/{DROP}/50-ours.conf": "yes"}, True),
        ({f"usr/lib/{DROP}/50-same.conf": "no", f"etc/{DROP}/50-same.conf": "yes"}, True),
        ({f"usr/lib/{DROP}/90-last.conf": "yes", f"etc/{DROP}/10-first.conf": "no"}, True),
        ({}, False),
    ],
    ids=str,
)
def test_whether_logind_ends_what_runs_is_read_as_systemd_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], kills: bool
) -> None:
    for name, value in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[Login]\n#KillUserProcesses=yes\nKillUserProcesses={value}\n")
    found = doctor.logind(tmp_path)
    monkeypatch.setattr(doctor, "logind", lambda: found)
    monkeypatch.setattr(doctor.pwd, "getpwuid", lambda uid: type("Nobody", (), {"pw_name": "nobody-at-all"}))
    assert doctor.kills_at_logout() is kills


def test_latex_is_there_where_it_runs_and_not_where_it_only_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, does in (("latexmk", "exit 0"), ("xelatex", "exit 1"), ("pdflatex", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n" if does else "no program")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert [doctor._runs(name) for name in ("latexmk", "xelatex", "pdflatex", "no-such-program")] == [
        *(True, False, False, False),
    ]

    def hangs(*given: object, timeout: float, **named: object) -> None:
        raise subprocess.TimeoutExpired("latexmk", timeout)

    monkeypatch.setattr(subprocess, "run", hangs)
    assert doctor._runs("latexmk") is False


def test_a_key_is_named_and_never_read_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    before = {one["name"]: one["key"] for one in told()}
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    after = {one["name"]: one["key"] for one in told()}
    assert (before["anthropic"], after["anthropic"]) == (False, True)
    assert after["rehearsal"] is True
    assert "sk-secret" not in str(told())
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    (tmp_path / "nightlab").mkdir()
    (tmp_path / "nightlab" / "keys.toml").write_text('anthropic = "sk-secret"\n')
    (tmp_path / "nightlab" / "keys.toml").chmod(0o644)
    assert {"name": "anthropic", "key": False, "why": "keys.too_open"} in told()


def told() -> list[dict[str, object]]:
    return cast(list[dict[str, object]], doctor._profiles())


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_the_machine_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = tuple(Card(n, f"GPU-{n}", name, 1, 1, 0, ()) for n, name in enumerate(("H100", "H100", "L4")))

    async def three() -> Inventory:
        return Inventory(cards)

    monkeypatch.setattr(doctor, "inventory", three)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda here: Usage(300, 200, 100))
    monkeypatch.setattr(doctor, "_has", lambda package: package == "typst")
    found = doctor.examine(tmp_path)
    assert (found["slots"], found["gpus"], found["gpus_why"]) == (3, ["H100", "H100", "L4"], "")
    assert (found["disk_free_b"], found["typst"]) == (100, False)


@pytest.mark.parametrize("lingers", [True, False])
def test_who_lingers_loses_nothing_at_logout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lingers: bool) -> None:
    (tmp_path / "logind.conf").write_text("KillUserProcesses=yes\n")
    person = tmp_path / "person"  # its whole path: where the mark of lingering lies is systemd's to say
    if lingers:
        person.touch()
    monkeypatch.setattr(doctor, "logind", lambda: [tmp_path / "logind.conf"])
    monkeypatch.setattr(doctor.pwd, "getpwuid", lambda uid: type("Person", (), {"pw_name": str(person)}))
    assert doctor.kills_at_logout() is not lingers
