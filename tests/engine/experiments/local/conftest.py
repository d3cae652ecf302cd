"""What the tests of shims and limits share."""

from __future__ import annotations

import pytest

from engine.experiments.local import submit


@pytest.fixture(params=[True, False], ids=["apart", "plain"])
def apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Programs in a namespace of their own, where this machine allows it, and without."""
    monkeypatch.setattr(submit, "APART", request.param)
    return bool(request.param)
