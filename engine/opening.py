"""Opening a visit: what it pins (its frame) and what it starts from (its inputs).

Both are fixed in the commit that opens the visit: the frame as a blob, the inputs as the ids of accepted products.
`inputs_of` makes the desk's inputs of them again, the same after every crash.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from engine import frame as frames
from engine import versions
from engine.experiments import packages
from engine.experiments.contract import identify
from engine.frame import Frame
from engine.inputs import Inputs
from engine.roles import CAST
from state import brought, lineage, results
from state.config import Config
from state.errors import LabError
from state.lineage import Visit
from state.products.base import Product
from state.products.experiments import Experiments
from state.products.ideas import Ideas
from state.products.manuscript import Manuscript
from state.products.refinement import Refinement
from state.products.table import PRODUCTS
from state.store import Store, Transaction, canonical
from state.vocabulary import Phase, Role

EARLIER, BECAUSE = "earlier", "because"


def lead(phase: Phase) -> Role:
    """Who leads a phase: whether it is rehearsed is whether that role is."""
    return CAST[phase][0]


RUNS_PROGRAMS = (Phase.DATA_PREPARATION, Phase.RUNNING_EXPERIMENTS)


def packages_for(folder: Path, phase: Phase, config: Config) -> tuple[str, ...]:
    """What programs can import, for the phases that plan or write any. It starts the interpreter: ask in a thread."""
    writes = (Phase.PLAN_FORMULATION, *RUNS_PROGRAMS)
    return packages.installed(brought.python(folder, config) or sys.executable) if phase in writes else ()


def pin(
    store: Store,
    folder: Path,
    phase: Phase,
    config: Config,
    *,
    rehearsal: bool,
    gpu: bool,
    sees: bool = False,
    archive: tuple[str, ...] = (),
    importable: tuple[str, ...] = (),
) -> str:
    """The blob of a new visit's frame. Reads the person's data folders: their identity is part of what is pinned.

    LabError `data.missing` or `python.missing` where a phase that runs programs would open without what they need.
    """
    if phase in RUNS_PROGRAMS:
        brought.refuse_gone(folder, config)
    data = {name: path.resolve() for name, path in brought.data(folder, config).items()}
    told = replace(
        frames.build(phase, config, rehearsal=rehearsal, sees=sees),
        data={name: _told(folder, path) for name, path in data.items()},
        identities={name: _identity(path) for name, path in data.items()},
        python=brought.python(folder, config),  # "": Nightlab's own, wherever it is by then
        papers_folder=brought.papers_named(config),
        gpu=gpu,
        archive=archive,
        packages=importable,
    )
    return store.put(canonical(told.plain()).encode())


def _told(folder: Path, path: Path) -> str:
    """What lies in the project by its place there, so that a project that is moved finds it again."""
    home = folder.resolve()
    return str(path.relative_to(home) if path.is_relative_to(home) else path)


def _identity(path: Path) -> str:
    try:
        return identify(path)
    except LabError:
        return "missing"


def inputs_for(tx: Transaction, run: int, phase: Phase, because: int | None = None) -> dict[str, int]:
    """The accepted products of the earlier phases, and this phase's own of the visit before."""
    found: dict[str, int] = {}
    for row in tx.execute(
        "SELECT product.name, product.id, visit.phase FROM lineage JOIN visit ON visit.id = lineage.visit"
        " JOIN product ON product.visit = visit.id WHERE lineage.run = ? AND superseded_seq IS NULL AND handed_in"
        " AND (product.run IS NULL OR product.run = lineage.run) ORDER BY product.id",
        (run,),
    ).fetchall():
        if Phase(row[2]).number < phase.number:
            found[row[0]] = int(row[1])
    row = tx.execute(
        "SELECT max(product.id) FROM lineage JOIN visit ON visit.id = lineage.visit"
        " JOIN product ON product.visit = visit.id WHERE lineage.run = ? AND visit.phase = ?"
        " AND product.name != 'manuscript' AND (product.run IS NULL OR product.run = lineage.run)",
        (run, phase.value),
    ).fetchone()
    if row[0] is not None:
        found[EARLIER] = int(row[0])
    row = tx.execute(
        "SELECT max(product.id) FROM lineage JOIN product ON product.visit = lineage.visit WHERE lineage.run = ?"
        " AND product.name = 'manuscript'",
        (run,),
    ).fetchone()
    if row[0] is not None:
        found[Manuscript.name] = int(row[0])
    if because is None and phase is not Phase.REPORT_REFINEMENT:
        because = _sent_back_since(tx, run, found.get(EARLIER))
    if because is not None:
        found[BECAUSE] = because
    return found


def _sent_back_since(tx: Transaction, run: int, earlier: int | None) -> int | None:
    """The decision of refinement that this phase is done anew for: one that is younger than what it made before."""
    row = tx.execute(
        "SELECT max(product.id) FROM lineage JOIN visit ON visit.id = lineage.visit"
        " JOIN product ON product.visit = visit.id WHERE lineage.run = ? AND product.name = ? AND handed_in"
        " AND (product.run IS NULL OR product.run = lineage.run)",
        (run, Refinement.name),
    ).fetchone()
    return int(row[0]) if row[0] is not None and earlier is not None and earlier < row[0] else None


def inputs_of(store: Store, run: int, visit: Visit, frame: Frame, folder: Path) -> Inputs:
    """What the visit's phase sees as `desk.inputs`: of what was measured, what stood there when the visit opened.

    `folder` is the project's, where it lies now.
    """
    opened = store.row("SELECT opened_seq FROM visit WHERE id = ?", (visit.id,))
    assert opened is not None
    products = {name: load(store, id) for name, id in visit.inputs.items() if name not in (EARLIER, BECAUSE)}
    earlier = load(store, visit.inputs[EARLIER]) if EARLIER in visit.inputs else None
    because = load(store, visit.inputs[BECAUSE]) if BECAUSE in visit.inputs else None
    before = store.rows(
        "SELECT visit.id FROM lineage JOIN visit ON visit.id = lineage.visit WHERE lineage.run = ? AND visit.phase = ?"
        " AND place <= (SELECT place FROM lineage WHERE run = ? AND visit = ?)",
        (run, visit.phase.value, run, visit.id),
    )
    return Inputs(
        asked=frame.question,
        topic=frame.topic,
        products=products,
        measured=tuple(results.measured(store, run, opened["opened_seq"])) if visit.phase.number > 5 else (),
        earlier=earlier,
        reasons=because.reasons if isinstance(because, Refinement) and because.decision == "back" else "",
        round=max(len(before), 1),
        archive=frame.archive,
        data={name: str(folder.absolute() / path) for name, path in frame.data.items()},
        identities=frame.identities,
        python=frame.python or sys.executable,
        gpu=frame.gpu,
        packages=frame.packages,
    )


def load(store: Store, product: int) -> Product:
    """A product from its row."""
    row = store.row("SELECT name, sha256 FROM product WHERE id = ?", (product,))
    assert row is not None
    return PRODUCTS[row["name"]].of(files_of(store, row["sha256"]))


def files_of(store: Store, manifest: str) -> dict[str, bytes]:
    return {name: store.get(blob) for name, blob in json.loads(store.get(manifest)).items()}


def archive(store: Store, run: int) -> tuple[str, ...]:
    """The ideas of earlier runs with what was measured and how it was reviewed, oldest first."""
    told = []
    for row in store.rows(
        "SELECT run.id, run.state, product.sha256 FROM run JOIN lineage ON lineage.run = run.id"
        " JOIN product ON product.visit = lineage.visit WHERE run.id < ? AND product.name = 'ideas'"
        " AND handed_in AND superseded_seq IS NULL AND product.id = (SELECT max(id) FROM product AS other"
        " WHERE other.visit = product.visit AND other.handed_in AND (other.run IS NULL OR other.run = lineage.run))"
        " ORDER BY run.id",
        (run,),
    ):
        ideas = PRODUCTS["ideas"].of(files_of(store, row["sha256"]))
        assert isinstance(ideas, Ideas)
        idea = ideas.choice
        found = {name: _newest(store, row["id"], name) for name in (Experiments.name, Refinement.name)}
        became = [*map(_measured, found[Experiments.name]), *map(_reviewed, found[Refinement.name])]
        rest = " ".join(became) or f"Not measured yet ({row['state']})."
        told.append(f"{idea.name}: {idea.title}. {idea.hypothesis} {rest}")
    return tuple(told)


def _newest(store: Store, run: int, name: str) -> list[Product]:
    """The product of that name that stands in a run; none or one."""
    row = store.row(
        "SELECT max(product.id) AS id FROM lineage JOIN product ON product.visit = lineage.visit WHERE lineage.run = ?"
        " AND product.name = ? AND handed_in AND superseded_seq IS NULL",
        (run, name),
    )
    return [load(store, row["id"])] if row is not None and row["id"] is not None else []


def _measured(product: Product) -> str:
    assert isinstance(product, Experiments)
    by_name = {score.program: score for score in product.scores}
    best, base = by_name.get(product.kept[0]), by_name.get(product.baseline)
    if best is None or best.mean is None:
        return "Measured: no number."
    against = f" against {base.mean:.6g} of {base.program}" if base and base.mean is not None and base != best else ""
    verdict = best.verdict.value.replace("_", " ")
    return f"Measured: {best.program} is {verdict}, {product.metric} {best.mean:.6g}{against}."


def _reviewed(product: Product) -> str:
    assert isinstance(product, Refinement)
    overall = f"{product.means['overall']:.3g} of 10" if "overall" in product.means else "without a score"
    return f"Reviewed: {overall}{f', {product.recommends}' if product.recommends else ''}. {product.meta}"


def asked_to_review(store: Store, run: int) -> Path | None:
    """The paper from elsewhere that a run has to read before its first visit opens; None for all others."""
    row = store.row(
        "SELECT value FROM setting WHERE run = ? AND key = 'manuscript' AND NOT EXISTS (SELECT 1 FROM lineage WHERE"
        " lineage.run = setting.run)",
        (run,),
    )
    return Path(json.loads(row["value"])) if row else None


def begin(
    tx: Transaction,
    run: int,
    phase: Phase,
    frame: str,
    opened_by: int | None,
    because: int | None = None,
    manuscript: tuple[Manuscript, str] | None = None,
) -> int:
    """Open a visit with what it starts from. Reading inputs and superseding happen in the same commit.

    A `manuscript` (with the hash of its manifest in blobs) becomes the visit's input in that commit too.
    """
    inputs = inputs_for(tx, run, phase, because)
    visit = lineage.open_visit(tx, run, phase, inputs, frame, opened_by)
    if manuscript is not None:
        inputs[Manuscript.name] = versions.insert(tx, visit, *manuscript).id
        tx.execute("UPDATE visit SET inputs = ? WHERE id = ?", (canonical(dict(inputs)), visit))
    return visit
