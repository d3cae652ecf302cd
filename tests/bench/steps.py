"""What a durable step costs, and how fast a run is taken up again: the journal beside DBOS and LangGraph, in one run.

    uv run --group bench python tests/bench/steps.py [--steps 1000] [--rounds 5] [--long 100000]

Every system does the same steps: a function that returns a dict of 1 kB, recorded with SQLite before the next begins.
The rounds are interleaved, so that a busy machine is busy for all three. Resume is measured in a new process after
kill -9 in the midst of the steps: from the store being opened to the first step that is new; imports apart. Prints
milliseconds, the ratio to the better peer, and the ratio of a step after --long steps to one after 1,000.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PAYLOAD = {"text": "x" * 1000}
SYSTEMS = ("journal", "dbos", "langgraph")


def payload(n: int) -> dict[str, object]:
    return {**PAYLOAD, "n": n}


# the journal


def open_journal(folder: Path):  # type: ignore[no-untyped-def]
    from state import lineage
    from state.journal import Journal
    from state.store import Store
    from state.vocabulary import Phase

    store = Store(folder / "lab.db", folder / "blobs")
    row = store.row("SELECT max(id) AS id FROM visit")
    if row is None or row["id"] is None:
        with store.transaction() as tx:
            run = lineage.begin_run(tx, "config", list(Phase), "autopilot")
            visit = lineage.open_visit(tx, run, Phase.PLAN_FORMULATION, {}, "frame", None)
    else:
        run, visit = 1, int(row["id"])
    return store, Journal(store, run, visit)


def journal(folder: Path, steps: int, begun: Callable[[], None], each: Callable[[int], None]) -> None:
    from state import lineage  # noqa: F401  imports are no part of what is measured, here as in the peers
    from state.journal import fingerprint

    begun()
    _store, book = open_journal(folder)
    for n in range(steps):
        mark = fingerprint(["step", n])
        if book.recall(f"plan@1/step-{n}", mark) is None:
            book.record(f"plan@1/step-{n}", "step", mark, payload(n))
            each(n)


def dbos(folder: Path, steps: int, begun: Callable[[], None], each: Callable[[int], None]) -> None:
    import logging

    from dbos import DBOS, SetWorkflowID

    logging.disable(logging.CRITICAL)
    begun()
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{folder}/dbos.sqlite",
            "application_version": "1",
            "run_admin_server": False,
            "log_level": "CRITICAL",
        }
    )
    done: list[int] = []

    @DBOS.step()
    def step(n: int) -> dict[str, object]:
        done.append(n)
        return payload(n)

    @DBOS.workflow()
    def flow() -> int:
        for n in range(steps):
            before = len(done)
            step(n)
            if len(done) > before:
                each(n)
        return steps

    DBOS.launch()
    with SetWorkflowID("bench"):
        flow()
    DBOS.destroy()


def langgraph(folder: Path, steps: int, begun: Callable[[], None], each: Callable[[int], None]) -> None:
    import sqlite3
    from typing import TypedDict

    from langgraph.checkpoint.sqlite import SqliteSaver
    from langgraph.graph import END, START, StateGraph

    begun()

    fresh: list[int] = []  # steps begun by this process: a step is recorded once the next one begins

    class State(TypedDict):
        n: int
        out: dict[str, object]

    def step(state: State) -> State:
        n = state["n"]
        if fresh:
            each(n - 1)
        fresh.append(n)
        return {"n": n + 1, "out": payload(n)}

    graph = StateGraph(State)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda state: END if state["n"] >= steps else "step")
    connection = sqlite3.connect(folder / "graph.sqlite", check_same_thread=False)
    saver = SqliteSaver(connection)
    app = graph.compile(checkpointer=saver)
    config = {"configurable": {"thread_id": "bench"}, "recursion_limit": steps + 10}
    first = None if saver.get_tuple(config) else {"n": 0, "out": {}}  # type: ignore[arg-type]
    app.invoke(first, config, durability="sync")  # type: ignore[call-overload]
    each(steps - 1)


# a whole ask


async def ask(folder: Path, times: int) -> float:
    """Milliseconds of a whole ask: two commits, ledger, messages, events, and the reply's own file."""
    from engine.bell import Bell
    from engine.bench import Bench
    from engine.calls import Asked, Line, call
    from engine.models.base import Message, Reply, Request, ToolUse, Usage
    from state import places, profiles, project
    from state.journal import Link
    from state.lineage import current
    from state.vocabulary import Role

    (folder / "project.toml").write_text('question = "?"\n')
    where = places.prepare(folder)
    store, book = open_journal(where.lab)
    config = project.load(folder).config
    use = ToolUse("toolu_1", "dialogue", {"text": "x" * 1000})
    reply = Reply(Message("assistant", (use,)), "tool_use", Usage(100, 0, 0, 20), "played")

    class Model:
        async def stream(self, request: Request, part: object) -> Reply:
            return reply

    visit = current(store, book.run)
    assert visit is not None
    bench = Bench(store, where, book.run, visit, None, book, Bell(), lambda: config)  # type: ignore[arg-type]
    line = Line(lambda role: profiles.parse("rehearsal"), lambda choice: Model(), 1)  # type: ignore[arg-type,return-value]
    link = Link.after(None, "system", ["system"])
    begun = time.perf_counter()
    for n in range(times):
        link = Link.after(link, "user", ["x" * 1000])
        asked = Asked(
            Role.POSTDOC,
            link,
            [link.chain],
            {"new": [], "earlier": []},
            lambda model, limit: Request(model, "s", (Message("user", ("x",)),), (), limit),
        )
        await call(bench, line, f"plan@1/lead/{n}", lambda asked=asked: asked, [])  # type: ignore[misc]
        link = Link.after(link, "assistant", [{"id": "toolu_1", "name": "dialogue", "arguments": use.arguments}])
    took = (time.perf_counter() - begun) / times * 1000
    store.close()
    return took


# measuring


def worker(system: str, folder: Path, steps: int, pause_s: float) -> None:
    """Run in a process of its own: tells on stdout when it began, when its first new step was done, and its end."""
    told: dict[str, float] = {}
    seen = 0

    def begun() -> None:
        told["begun"] = time.perf_counter()

    def each(n: int) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            told["first"] = time.perf_counter()
            sys.stdout.write(json.dumps({"first_ms": (told["first"] - told["begun"]) * 1000, "n": n}) + "\n")
            sys.stdout.flush()
        if pause_s:
            time.sleep(pause_s)

    globals()[system](folder, steps, begun, each)
    took = time.perf_counter() - told["first"]
    sys.stdout.write(json.dumps({"ms_a_step": took / max(seen - 1, 1) * 1000}) + "\n")
    sys.stdout.flush()


def start(system: str, folder: Path, steps: int, pause_s: float = 0.0) -> subprocess.Popen[str]:
    argv = [sys.executable, __file__, "--worker", system, "--folder", str(folder), "--steps", str(steps)]
    return subprocess.Popen(
        [*argv, "--pause", str(pause_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def cost(system: str, steps: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        process = start(system, Path(folder), steps)
        lines = process.communicate()[0].splitlines()
        return float(json.loads(lines[-1])["ms_a_step"])


def resume(system: str, steps: int) -> float:
    """Milliseconds from opening to the first new step, after kill -9 in the midst."""
    with tempfile.TemporaryDirectory() as folder:
        process = start(system, Path(folder), steps, 0.005)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.7)
        process.send_signal(signal.SIGKILL)
        process.wait()
        again = start(system, Path(folder), steps * 100)
        assert again.stdout is not None
        first = json.loads(again.stdout.readline())
        again.kill()
        again.wait()
        return float(first["first_ms"])


def long_run(steps: int) -> tuple[float, float]:
    """Milliseconds a step around step 1,000, and around the last of `steps`, in one visit after another of 1,000."""
    from state import lineage
    from state.journal import Journal, fingerprint
    from state.vocabulary import Phase

    with tempfile.TemporaryDirectory() as folder:
        store, book = open_journal(Path(folder))
        took: list[float] = []
        for n in range(steps + 1000):
            if n % 1000 == 0 and n:
                with store.transaction() as tx:
                    visit = lineage.open_visit(tx, 1, Phase.PLAN_FORMULATION, {}, "frame", None)
                book = Journal(store, 1, visit)
            mark = fingerprint(["step", n])
            begun = time.perf_counter()
            book.record(f"plan/step-{n}", "step", mark, payload(n))
            took.append(time.perf_counter() - begun)
        store.close()
        return statistics.median(took[1000:2000]) * 1000, statistics.median(took[steps : steps + 1000]) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worker", choices=SYSTEMS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, default=100_000)
    parser.add_argument("--pause", type=float, default=0.0)
    given = parser.parse_args()
    if given.worker:
        worker(given.worker, given.folder, given.steps, given.pause)
        return
    costs: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    resumes: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    for _ in range(given.rounds):
        for system in SYSTEMS:
            costs[system].append(cost(system, given.steps))
    for _ in range(given.rounds):
        for system in SYSTEMS:
            resumes[system].append(resume(system, given.steps))
    with tempfile.TemporaryDirectory() as folder:
        asked = asyncio.run(ask(Path(folder), given.steps))
    print(f"{'':12}{'ms a step':>22}{'resume, ms':>22}")
    for system in SYSTEMS:
        step, again = costs[system], resumes[system]
        print(
            f"{system:12}{min(step):10.2f} / {statistics.median(step):6.2f}   "
            f"{min(again):12.1f} / {statistics.median(again):6.1f}   (least / median)"
        )
    for name, of in (("a pure step", costs), ("resume", resumes)):
        least = {system: min(values) for system, values in of.items()}
        peer = min(least["dbos"], least["langgraph"])
        print(f"{name}: {peer / least['journal']:.1f} times faster than the better peer")
    print(f"a whole ask: {asked:.2f} ms")
    early, late = long_run(given.long)
    print(f"a step after 1,000: {early:.3f} ms, after {given.long:,}: {late:.3f} ms, ratio {late / early:.2f}")


if __name__ == "__main__":
    main()
