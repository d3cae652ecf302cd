"""What the doctor says of a machine is what holds there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import doctor

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
