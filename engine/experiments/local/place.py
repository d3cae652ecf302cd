"""This machine as a place for jobs: `contract.Place` over the four verbs of this folder.

It keeps nothing in memory that matters: a new engine makes a new `Local` and waits on the folders that it finds.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from engine.experiments import harvest
from engine.experiments.contract import Ending, Job, Look
from engine.experiments.gpus import Gpus
from engine.experiments.local import look, stop, submit
from state.errors import LabError

POLL_S = 0.05
PLANNED_S = 5.0


class Local:
    """`gpus` leases one GPU to each job that asks for one; without it such a job runs on what it finds."""

    def __init__(self, gpus: Gpus | None = None) -> None:
        self.gpus = gpus

    @property
    def tier(self) -> str:
        return submit.TIER

    async def submit(self, folder: Path, job: Job) -> None:
        if look.look(folder) is not Look.PLANNED:
            return
        lease = None
        if job.gpu and self.gpus is not None:
            await self.gpus.fresh()
            lease = self.gpus.lease()
            if lease is None:
                raise LabError("gpu.busy", gpus=len(self.gpus.cards))
        try:
            await submit.submit(folder, job, lease)
        finally:
            if lease is not None:
                lease.close()  # ours; the shim has its own

    async def look(self, folder: Path) -> Look:
        return look.look(folder)

    async def wait(self, folder: Path) -> Ending:
        patience = time.monotonic() + PLANNED_S
        while (seen := look.look(folder)) in (Look.RUNNING, Look.PLANNED):
            if seen is Look.PLANNED and time.monotonic() > patience:
                raise LabError("job.not_started", job=folder.name, why="")
            await asyncio.sleep(POLL_S)
        return await self.harvest(folder)

    async def stop(self, folder: Path) -> None:
        stop.stop(folder)

    async def harvest(self, folder: Path) -> Ending:
        return await asyncio.to_thread(harvest.gather, folder)
