"""`nightlab review`: the lab's reviewers on any paper; or a person's own form about the run's paper.

`nightlab review PAPER` begins a run that does nothing else, follows it and prints what came of it as Markdown. With
`--form` the person's own form goes to the run; without either an empty form is printed, to be filled in.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from state import places, profiles, project, review
from state.errors import LabError
from state.readers import Reader, reading
from state.vocabulary import Phase, Role, WordKind
from tui import follow, here, launch
from tui.language import tr
from tui.words import role_name

if TYPE_CHECKING:
    from state.products.refinement import Refinement, Signed

KINDS = (".pdf", ".tex", ".md", ".txt")
READERS = (Role.REVIEWER_EXPERIMENTS, Role.REVIEWER_IMPACT, Role.REVIEWER_NOVELTY, Role.AREA_CHAIR)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", nargs="?", type=Path, metavar="PAPER", help=tr("cli.review.paper"))
    parser.add_argument("--form", type=Path, metavar="FILE", help=tr("cli.review.form"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    if args.paper is not None:
        return _reviewed(here.project(args), args.paper.absolute())
    if args.form is None:
        remarks = {"": tr("cli.review.fill_in"), "weaknesses": tr("cli.review.weaknesses")}
        print(review.toml({}, remarks), end="")
        return 0
    folder = here.project(args)
    number = here.run_number(folder, args.run)
    try:
        form = review.read(args.form.read_text("utf-8"), str(args.form))
    except FileNotFoundError:
        raise LabError("manuscript.gone", file=str(args.form)) from None
    except OSError as error:
        raise LabError("file.unreadable", file=str(args.form), why=error.strerror or "") from None
    except UnicodeDecodeError:
        raise LabError("file.unreadable", file=str(args.form), why="UTF-8") from None
    launch.give(folder, WordKind.REVIEW, {"run": number, "form": form.model_dump(exclude_none=True)})
    print(tr("cli.review.done", run=number))
    return 0


# a paper from elsewhere


def _reviewed(folder: Path, paper: Path) -> int:
    """Begin its review, follow it to the end, print it; the folder with the reviews is the last line."""
    if paper.suffix.lower() not in KINDS:
        raise LabError("review.not_a_paper", file=str(paper), allowed=", ".join(KINDS))
    if not paper.is_file():
        raise LabError("manuscript.gone", file=str(paper))
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        _someone_can_judge(folder, reader)
    seen = follow.last_seq(folder)
    word = launch.give(folder, WordKind.REVIEW, {"paper": str(paper)})
    number = follow.begun_by(folder, word)
    code = follow.follow(folder, number, after=seen)
    with reading(where.database, where.blobs) as reader:
        made = [row for row in reader.versions(number) if row.handed_in] if reader else []
        if reader is None or not made:
            return code
        from state.products.refinement import Refinement

        found = Refinement.of(reader.files(made[-1].sha256))
    print("\n".join(_markdown(paper.name, found)))
    print(where.runs / str(number) / "reviews", flush=True)
    return code


def _someone_can_judge(folder: Path, reader: Reader | None) -> None:
    """LabError `review.rehearsal` where a scripted cast plays a reviewer: it knows its own paper only."""
    config = project.load(folder).config
    for key, value in (reader.settings() if reader else {}).items():
        if key.startswith("models."):
            config = project.with_set(config, key, value)
    for role in READERS:
        if profiles.parse(config.model_for(Phase.REPORT_REFINEMENT, role)).profile.rehearsal:
            raise LabError("review.rehearsal")


def _markdown(title: str, found: Refinement) -> Iterator[str]:
    """The meta-review with the means, then each review."""
    yield f"# {title}\n"
    yield f"## {tr('reviews.meta')}\n"
    yield f"{found.meta}\n"
    if found.recommends:
        yield f"- {tr('reviews.decision')}: {tr(f'reviews.{found.recommends}')}"
    yield from (f"- {tr(f'reviews.{name}')}: {mean:.2f}" for name, mean in found.means.items())
    for signed in found.reviews:
        yield from _sheet(signed)
    yield ""


def _sheet(signed: Signed) -> Iterator[str]:
    form = signed.form
    yield f"\n## {role_name(signed.reviewer)}\n"
    yield form.summary
    for part in ("strengths", "weaknesses", "questions", "limitations"):
        if points := getattr(form, part):
            yield f"\n### {tr(f'reviews.{part}')}\n"
            yield from (f"- {point}" for point in points)
    yield ""
    yield from (f"- {tr(f'reviews.{name}')}: {getattr(form, name)}" for name in review.RANGES)
    yield f"- {tr('reviews.decision')}: {tr(f'reviews.{form.decision}')}"
