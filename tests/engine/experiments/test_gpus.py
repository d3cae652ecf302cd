"""GPUs are leased one a job, over projects, engines and users; without a driver there are none."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import queue
import threading
from pathlib import Path

import pytest

from engine.experiments import gpus
from engine.experiments.gpus import Card, Gpus
from engine.experiments.local import submit
from engine.experiments.local.place import Local
from state.errors import LabError
from tests.engine.experiments.local.jobs import job

GB = 1 << 30
CARDS = (
    Card(0, "GPU-a", "H100", 80 * GB, 10 * GB, 0, ()),
    Card(1, "GPU-b", "H100", 80 * GB, 79 * GB, 0, ()),
    Card(2, "GPU-c", "H100", 80 * GB, 1 * GB, 99, (1,)),
)


async def test_the_inventory_answers_with_cards_or_with_a_reason() -> None:
    found = await gpus.inventory()
    assert bool(found.cards) != bool(found.why)


def test_a_driver_that_hangs_is_no_cards_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    over, answers = threading.Event(), queue.Queue[gpus.Inventory]()
    monkeypatch.setattr(gpus, "_ask", over.wait)
    monkeypatch.setattr(gpus, "ASK_S", 0.05)
    asking = threading.Thread(target=lambda: answers.put(asyncio.run(gpus.inventory())), daemon=True)
    asking.start()
    try:
        assert answers.get(timeout=10) == gpus.Inventory((), "no answer from NVML in 0 s")
        asides = [one.daemon for one in threading.enumerate() if one.name == "aside"]
        assert asides and all(asides)
    finally:
        over.set()
        asking.join()


def test_the_emptiest_card_comes_first_and_a_full_one_never(tmp_path: Path) -> None:
    one, other = Gpus(CARDS, tmp_path / "gpu"), Gpus(CARDS, tmp_path / "gpu")  # two projects
    first, second = one.lease(), other.lease()
    assert first is not None
    assert second is not None
    assert (first.uuid, second.uuid, one.lease()) == ("GPU-b", "GPU-a", None)
    first.close()
    again = other.lease()
    assert again is not None
    assert again.uuid == "GPU-b"
    again.close()
    second.close()


def test_a_card_on_which_other_people_work_comes_last_though_it_has_more_room(tmp_path: Path) -> None:
    theirs = dataclasses.replace(CARDS[1], others=(4711,))
    lease = Gpus((theirs, CARDS[0]), tmp_path / "gpu").lease()
    assert lease is not None and lease.uuid == "GPU-a"
    lease.close()


def test_the_folder_is_for_all_users_and_nobody_can_touch_anothers_lease(tmp_path: Path) -> None:
    lease = Gpus(CARDS, tmp_path / "gpu").lease()
    assert lease is not None
    assert (tmp_path / "gpu").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "gpu" / f"{os.getuid()}-GPU-b.lock").stat().st_mode & 0o777 == 0o600
    lease.close()


def test_a_trap_in_place_of_folder_or_lease_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "gpu").symlink_to(tmp_path / "real")
    with pytest.raises(LabError) as caught:
        Gpus(CARDS, tmp_path / "gpu").lease()
    assert caught.value.key == "gpu.unsafe_lease"
    (tmp_path / "real" / f"{os.getuid()}-GPU-b.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(LabError) as caught:
        Gpus(CARDS, tmp_path / "real").lease()
    assert caught.value.key == "gpu.unsafe_lease"
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("apart", [True, False])
async def test_a_lease_lasts_as_long_as_the_experiment_and_the_program_knows_its_card_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    monkeypatch.setattr(submit, "APART", apart)
    code = """
    import os
    print(os.environ["CUDA_VISIBLE_DEVICES"], len(os.listdir("/proc/self/fd")), flush=True)
    while not os.path.exists("go"):
        pass
    """
    place, folder = Local(Gpus(CARDS[1:2], tmp_path / "gpu")), tmp_path / "a"
    await place.submit(folder, dataclasses.replace(job(code), gpu=True))
    assert Gpus(CARDS[1:2], tmp_path / "gpu").lease() is None  # the engine's own descriptor is closed: the shim's holds
    with pytest.raises(LabError) as caught:
        await place.submit(tmp_path / "b", dataclasses.replace(job(code), gpu=True))
    assert caught.value.key == "gpu.busy"
    (folder / "work" / "go").touch()
    end = await place.wait(folder)
    assert (end.ok, end.tail) == (True, "GPU-b 4")  # in, out, err and the listing: the lease is not its own
    assert json.loads((folder / "started.json").read_text())["gpu"] == "GPU-b"
    async with asyncio.timeout(60):
        while (lease := Gpus(CARDS[1:2], tmp_path / "gpu").lease()) is None:
            await asyncio.sleep(0.01)
    lease.close()


async def test_before_a_lease_the_cards_are_looked_at_again(tmp_path: Path) -> None:
    answers = [gpus.Inventory(CARDS[:1]), gpus.Inventory((), "driver gone")]

    async def ask() -> gpus.Inventory:
        return answers.pop(0)

    here = Gpus(CARDS, tmp_path / "gpu", ask)
    await here.fresh()
    assert [card.uuid for card in here.cards] == ["GPU-a"]
    await here.fresh()  # no answer: what was known stays
    assert [card.uuid for card in here.cards] == ["GPU-a"]
