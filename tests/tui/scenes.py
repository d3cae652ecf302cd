"""Looks for the tests of the screens: the grokking run of the mock-ups, at each of the moments that they show."""

# ruff: noqa: E501 (sentences of the mock-ups stand whole)

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import exp
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from state.errors import LabError
from state.rows import (
    EventRow,
    ExperimentRow,
    NoteRow,
    PaperRow,
    PhaseRow,
    ProductRow,
    ProgramRow,
    ResultRow,
    RunRow,
    Turn,
    VisitRow,
    WaitRow,
)
from state.standstill import Ahead, Limit
from state.vocabulary import Phase
from tui.builds import Build
from tui.logfile import LogFile
from tui.look import Death, Engine, Home, HomeRow, Look, Made, Measure, Running, Standstill
from tui.machine import Gpu, Held, Host
from tui.widgets.plot import Curve
from tui.written import Written

FOLDER = Path("/lab/grokking")
ALL = tuple(phase.value for phase in Phase)
DAY = datetime(2026, 11, 20)


def ms(time: str, day: int = 20) -> int:
    hours, minutes = time.split(":")
    when = DAY.replace(day=day, hour=int(hours), minute=int(minutes)).astimezone()
    return int(when.timestamp() * 1000)


def run(state: str = "running", number: int = 1, spent: int = 840_000) -> RunRow:
    return RunRow(number, None, state, "co-pilot", "", ms("13:30"), None, 0, spent, 0, 0, ALL)


def phase(
    number: int, state: str, since: str | None = None, took_m: float | None = None, cents: int = 0, asks: int = 0
) -> PhaseRow:
    name = ALL[number - 1]
    visits = 0 if state == "not_begun" else 1
    took = took_m * 60 if took_m is not None else None
    return PhaseRow(name, state, visits, ms(since) if since else None, took, cents * 10_000, asks)


def phases(*given: PhaseRow) -> tuple[PhaseRow, ...]:
    known = {row.phase: row for row in given}
    return tuple(known.get(name, phase(number, "not_begun")) for number, name in enumerate(ALL, 1))


def product(
    name: str, number: int, version: int, summary: dict[str, Any], sha256: str = "3fa1c9" + "0" * 58
) -> ProductRow:
    return ProductRow(number, 1, "", ALL[number - 1], name, version, sha256, "lab", False, None, summary)


def wait(why: str, phase_: str | None, since: str, facts: dict[str, Any] | None = None, number: int = 7) -> WaitRow:
    choices = ("approve", "send_back", "go_back", "fork", "stop") if why == "checkpoint" else ("retry", "stop")
    return WaitRow(number, 1, 1, phase_, why, choices, facts or {}, 3, "3fa1c9" + "0" * 58, ms(since), None, None, None)


def said(role: str, time: str, text: str, **more: Any) -> Turn:
    return Turn(more.pop("step", 1), role, ms(time), text, None, {}, "", "plan@1", **more)


def plan_at_work(chinese: bool = False) -> Look:
    """B, and the first screen of I."""
    talk = ZH_TALK if chinese else EN_TALK
    return Look(
        project="grokking",
        folder=FOLDER,
        now=ms("14:09"),
        run=run(),
        phases=phases(
            phase(1, "done", took_m=6, cents=11),
            phase(2, "done", took_m=22, cents=64),
            phase(3, "at_work", "14:02", cents=9, asks=3),
        ),
        notes=(NoteRow("w1", 1, "plan_formulation", None, "", ms("14:06"), ms("14:07")),),
        engine=Engine(True, 4711, ms("13:31")),
        spent_micros=840_000,
        tier="bubblewrap",
        model="anthropic",
        checkpoints=ALL,
        counts={"turns": 100, "papers": 5, "solver_steps": 6},
        turns={"plan_formulation": tuple(talk)},
        looked_at=ms("14:00"),
    )


EN_TALK = [
    said("postdoc", "14:02", "What shows that the network has generalised? I would take the first step with val_acc ≥ 0.95, and call a run censored at 4,000."),
    said("phd_student", "14:04", "Good: one number a run, and it cannot be picked afterwards. Weight decay 0.3, 1, 1.5, 2, 4; with 1 as the baseline."),
    said("you", "14:06", "Five seeds, please. Three hide the spread.", to="plan_formulation", read_at=ms("14:07")),
    said("postdoc", "14:07", "Five seeds then: 5 settings × 5 seeds are 25 experiments, about 1.1 GPU h. The draft says so now."),
    said("phd_student", "14:08", "One objection. A gain counts only if it is larger than the spread of the baseline, so the plan should name", writing=True, attempt="a"),
]  # fmt: skip
ZH_TALK = [
    said("postdoc", "14:02", "怎样判断网络已经泛化？建议取 val_acc 首次达到 0.95 的步数；4,000 步内未达到的，记为未达标。"),
    said("phd_student", "14:04", "同意：每次实验只有一个数，事后无从挑选。权重衰减取 0.3、1、1.5、2、4，以 1 为基线。"),
    said("you", "14:06", "请用 5 个随机种子，3 个看不出波动有多大。", to="plan_formulation", read_at=ms("14:07")),
    said("postdoc", "14:07", "好，5 组设置各用 5 个种子，共 25 次实验，约 1.1 卡时。草案已更新。"),
    said("phd_student", "14:08", "还有一点：差异超出基线自身的波动，才算提升。草案写的是「优于基线」，没有说明优多少，建议改为「与基线之差超过一个标准差」。另外 0.3 那一组很可能到 4,000 步也达不到，这种情况如何计入图表，计划里应当写明", writing=True, attempt="a"),
]  # fmt: skip

FORECAST = {
    "next": "data_preparation",
    "estimate_experiments": [25, 45],
    "estimate_minutes": [60, 180],
    "estimate_gpu_hours": [1.1, 2.9],
    "estimate_usd": [1.0, 1.6],
    "took_s": [240, 360],
    "usd": [0.2, 0.4],
}
PLAN_BODY = """## Hypothesis
The step at which the network generalises falls as weight decay grows, until decay is so strong that the training data are no longer fitted.

## Method
One hidden layer, width 128, full batch, AdamW; only weight decay differs.
Settings 0.3, 1, 2, 4, with 3 seeds each.

## Data
"""
PLAN_EDITED = PLAN_BODY.replace(
    "Settings 0.3, 1, 2, 4, with 3 seeds each.",
    "Settings 0.3, 1, 1.5, 2, 4, with 5 seeds each. A gain inside one sd of the\nbaseline is not called one.",
)
PLAN_ZH = """## 假设
权重衰减越强，网络泛化所需的步数越少；但衰减过强时，连训练集也无法拟合。

## 方法
单隐层，宽度 128，全批量，AdamW；各组之间只有权重衰减不同。每次至多 4,000 步，训练集与验证集首次达到 0.95 的步数都记下。
权重衰减取 0.3、1、2、4，每组 3 个随机种子。

## 数据
"""
PLAN_ZH_EDITED = PLAN_ZH.replace(
    "权重衰减取 0.3、1、2、4，每组 3 个随机种子。",
    "权重衰减取 0.3、1、1.5、2、4，每组 5 个随机种子。与基线之差在一个标准差\n以内的，不算提升。",
)
MORE = "\n".join(f"Line {number} of the rest of the plan.\n" for number in range(1, 14))


def plan_waits(chinese: bool = False) -> Look:
    """D, and the second screen of I."""
    facts = {
        "metric": "steps",
        "label": "达到 val_acc ≥ 0.95 的步数" if chinese else "steps to val_acc ≥ 0.95",
        "direction": "lower",
        "baseline": "权重衰减 1" if chinese else "weight decay 1",
        "seeds": 5,
        "dataset": "mod47",
        "stop": "求解器 6 步后" if chinese else "after 6 solver steps",
        "target": "",
    }
    body = (PLAN_ZH if chinese else PLAN_BODY) + MORE
    made = Made(product("plan", 3, 1, facts), {"plan.md": body.encode()}, SimpleNamespace(main="plan.md"))
    return replace(
        plan_at_work(chinese),
        now=ms("14:36"),
        run=run("waiting"),
        spent_micros=1_020_000,
        phases=phases(
            phase(1, "done", took_m=6, cents=11),
            phase(2, "done", took_m=22, cents=64),
            phase(3, "waits_person", "14:31", cents=27, asks=12),
        ),
        waits=(wait("checkpoint", "plan_formulation", "14:31", FORECAST),),
        made={"plan_formulation": (made,)},
    )


def edited_plan(chinese: bool = False) -> bytes:
    return ((PLAN_ZH_EDITED if chinese else PLAN_EDITED) + MORE).encode()


# experiments

MEASURE = Measure("steps", "steps to 95 %", "lower", "mod47", 5, "", "base")
SEEDS = {
    "base": (2762, 2876, 2990, 3104, 3218),
    "wd_2": (2430, 2190, 2370, 2250, 2310),
    "wd_15": (2639, 2772, 2905, 3038, 3171),
    "wd_03": (None,) * 5,
    "wd_4": (None, None),
}
FIRST = {"base": 1, "wd_2": 6, "wd_03": 11, "wd_15": 16, "wd_4": 21}


def experiment(number: int, program: str, seed: int, state: str = "finished") -> ExperimentRow:
    begun, ended = ms("15:04"), None if state == "running" else ms("15:20")
    return ExperimentRow(
        number, 1, 5, program, seed, state, f"a{number}", 7200, "bubblewrap", None, begun, ended, False
    )


def programs() -> tuple[ProgramRow, ...]:
    def row(name: str, kept: int | None, grade: float | None, verdict: str | None, change: str = "") -> ProgramRow:
        parent = None if name == "base" else "base"
        return ProgramRow(
            name, parent, change, grade, kept, verdict, "0" * 64, 5, f"experiments@1/step-4/{name}", "ml_engineer"
        )

    return (
        row("wd_2", 1, 0.83, "better", "base with weight_decay = 2.0"),
        row("wd_15", 2, 0.78, "inside_noise"),
        row("base", 3, 0.71, "baseline"),
        row("wd_03", None, 0.80, "censored"),
        row("wd_4", None, None, None),
        row("wd_lin", None, None, "failed"),
    )


def experiments_at_work() -> Look:
    """C."""
    rows: list[ExperimentRow] = []
    results: list[ResultRow] = []
    for name, values in SEEDS.items():
        for seed in range(1, 6):
            number = FIRST[name] + seed - 1
            running = name == "wd_4" and seed in (3, 4)
            if name == "wd_4" and seed == 5:
                state = "planned"
            else:
                state = "running" if running else "finished"
            rows.append(experiment(number, name, seed, state))
            if seed <= len(values) and not running:
                value = values[seed - 1]
                censored = None if value is not None else 4000.0
                file = f"runs/1/results/e{number}/final_info.json"
                results.append(ResultRow(number, name, seed, "mod47", "steps", value, None, censored, file, False))
    rows.sort(key=lambda row: row.id)
    grown = Curve("val_acc", tuple((float(step), 0.13 * (step / 1850) ** 2) for step in range(0, 1851, 50)))
    log = LogFile(Path(__file__).with_name("e23.log"))
    log.update()

    def risen(name: str, middle: float) -> Curve:
        points = ((float(step), 1 / (1 + exp((middle - step) / 150))) for step in range(0, 4001, 50))
        return Curve(name, tuple(points))

    return replace(
        plan_at_work(),
        now=ms("15:50"),
        run=run(),
        spent_micros=1_920_000,
        gpu_s=2520,
        phases=phases(
            phase(1, "done", took_m=6, cents=11),
            phase(2, "done", took_m=22, cents=64),
            phase(3, "done", took_m=29, cents=27),
            phase(4, "done", took_m=9, cents=31),
            phase(5, "at_work", "15:04", cents=59),
        ),
        programs=programs(),
        experiments=tuple(rows),
        results=tuple(results),
        measure=MEASURE,
        written={"base": Written(steps=4000), "wd_4": Written(1, 1, 4000)},
        running=Running(23, grown, {"step": 1850, "val_acc": 0.131, "train_acc": 0.874}, log),
        beside=(risen("wd_2", 1900), risen("base", 2500), risen("wd_15", 2400)),
        slots=2,
        looked_at=ms("15:00"),
    )


# refinement

WENT = {
    False: ("v3, 8 pages, 19 of 19 numbers tied", "the law holds from 1 to 2 only", "plot train accuracy too"),
    True: ("第 3 版，8 页，19 个数字均有出处", "规律仅在 1 到 2 之间成立", "训练准确率也画出来"),
}


def form(**scores: Any) -> SimpleNamespace:
    return SimpleNamespace(
        weaknesses=(
            "One modulus and one width. A clock needs p = 97 at least, and the fit over three points, 1, 1.5 and 2, cannot tell 1/λ from a straight line.",
            "The optimizer's own decay of the learning rate is not varied.",
            "Table 2 has no column for the training accuracy.",
        ),
        strengths=("Five seeds for every setting, and a gain inside the spread is not called one.",),
        questions=("Does the order of the settings hold at p = 97?",),
        limitations=(),
        summary="Weight decay is varied on one task.",
        **scores,
    )  # fmt: skip


SCORES = [
    "originality",
    "quality",
    "clarity",
    "significance",
    "soundness",
    "presentation",
    "contribution",
    "overall",
    "confidence",
]
GIVEN = {
    "reviewer_experiments": ((3, 3, 3, 2, 3, 3, 2, 6, 4), "accept"),
    "reviewer_impact": ((2, 3, 4, 2, 3, 3, 2, 5, 3), "reject"),
    "reviewer_novelty": ((3, 3, 3, 3, 4, 3, 3, 6, 4), "accept"),
}


def refinement_waits(chinese: bool = False) -> Look:
    """G, and what E looks back on."""
    reviews = tuple(
        SimpleNamespace(reviewer=who, round=1, form=form(**dict(zip(SCORES, scores, strict=True)), decision=decision))
        for who, (scores, decision) in GIVEN.items()
    )
    parsed = SimpleNamespace(
        reviews=reviews,
        round=1,
        meta="Sound, small.",
        reasons="One modulus.",
        recommends=None,
        main="reviews/decision.md",
    )
    summary = {"decision": "done", "round": 1, "reviews": 3, "means": {"overall": 5.7}}
    made = Made(product("refinement", 8, 1, summary), {"reviews/decision.md": b""}, parsed)
    report = Made(product("report", 7, 3, {"told": WENT[chinese][0]}), {"paper/paper.tex": b""})
    results = Made(product("interpretation", 6, 1, {"told": WENT[chinese][1]}), {"interpretation.md": b""})
    base = experiments_at_work()
    rows = tuple(replace(row, state="finished", ended_at=ms("17:45")) for row in base.experiments)
    more = [experiment(26 + n, f"more_{n}", 1, "failed" if n == 0 else "finished") for n in range(16)]

    def visit(number: int, ended: str, gpu_s: int = 0) -> VisitRow:
        return VisitRow(number, number, "", ALL[number - 1], "closed", ms("14:00"), ms(ended), 0, gpu_s, 1)

    extra = [
        ProgramRow(name, "base", "", None, None, verdict, "0" * 64, 5, None, None)
        for name, verdict in (("w1", "censored"), ("w2", "inside_noise"), ("w3", "inside_noise"))
    ]
    return replace(
        base,
        now=ms("20:10"),
        run=run("waiting"),
        spent_micros=4_260_000,
        gpu_s=9360,
        waits=(wait("checkpoint", "report_refinement", "20:02", number=9),),
        phases=phases(
            *(phase(number, "done", took_m=5, cents=10) for number in range(1, 5)),
            phase(5, "done", took_m=161, cents=112),
            phase(6, "done", took_m=14, cents=38),
            phase(7, "done", took_m=92, cents=94),
            phase(8, "waits_person", "20:02", took_m=31, cents=49),
        ),
        visits=(
            *(visit(number, "14:30") for number in range(1, 5)),
            visit(5, "17:45", 9360),
            visit(6, "17:59"),
            visit(7, "19:31"),
        ),
        experiments=(*rows, *more),
        programs=tuple(
            replace(row, verdict="censored") if row.name == "wd_4" else row for row in base.programs
        ) + tuple(extra),
        made={"report_refinement": (made,), "report_writing": (report,), "results_interpretation": (results,)},
        ended_waits=(
            replace(wait("network", "report_writing", "18:20"), closed_at=ms("18:47"), choice=None),
        ),
        events=(EventRow(90, ms("19:09"), 1, None, "engine_died", {"pid": 1, "doubtful": 1, "micros": 20_000}),),
        deaths=(Death(1, ms("19:07"), ms("19:09"), reboot=True),),
        notes=(NoteRow("w9", 1, None, "ml_engineer", WENT[chinese][2], ms("16:18"), ms("16:24")),),
        looked_at=ms("16:20"),
        judged=((5.0, 3.0), (6.3, 4.0), (6.0, 5.0), (5.7, 3.4)),
    )  # fmt: skip


# the paper

TEX = r"""\documentclass{article}
\title{Weight decay and grokking}
\begin{document}
\begin{abstract}
Weight decay 2 takes \result{wd_2/mod47/steps/mean} steps, the baseline \result{base/mod47/steps/mean}.
\end{abstract}
\section{Introduction}
Networks generalise late \cite{power2022}.

\section{Results}
With weight decay 2 the network reaches 95\,\% after \result{wd_2/mod47/steps/mean} $\pm$
\result{wd_2/mod47/steps/sd} steps (\result{wd_2/mod47/steps/n} seeds).
\begin{tabular}{ll}
weight decay 1 & \result{base/mod47/steps/mean} \\
weight decay 1.5 & \result{wd_15/mod47/steps/mean} \\
\end{tabular}
\includegraphics[width=\linewidth]{figures/steps.png}
\end{document}
"""


PAPER = {
    "paper/paper.tex": TEX.encode(),
    "paper/references.bib": b"@article{power2022,\n title = {Grokking}}\n",
    "paper/figures/steps.png": b"",
}


def paper_at_work() -> Look:
    """F."""
    base = experiments_at_work()
    facts = {"words": 120, "references": 6, "citations": 1, "figures": 3, "pdf_sha256": "0" * 64}
    made = Made(product("report", 7, 2, facts), PAPER, SimpleNamespace(source=TEX, main="paper/paper.tex"))  # fmt: skip
    paper = PaperRow(
        "power2022", "arxiv", "2201.02177", "Grokking", ("A. Power",), 2022, "Late generalisation.", "", ""
    )
    return replace(
        base,
        now=ms("19:20"),
        spent_micros=3_210_000,
        gpu_s=9360,
        experiments=tuple(replace(row, state="finished", ended_at=ms("17:45")) for row in base.experiments),
        running=None,
        phases=phases(
            *(phase(number, "done", took_m=5, cents=10) for number in range(1, 7)),
            phase(7, "at_work", "17:59", cents=94),
        ),
        made={"report_writing": (made,)},
        papers=(paper,),
        built=(Build(ms("19:12"), True, "pdflatex", 8, "Output written on paper.pdf", "0" * 64),) * 2,
    )


# paused, cut off, alone


def paused_for_money() -> Look:
    base = experiments_at_work()
    return replace(
        base,
        project="vit-noise",
        run=run("paused", 4),
        phases=phases(*(phase(n, "done", took_m=5, cents=10) for n in range(1, 5)), phase(5, "waits_person", "11:20")),
        waits=(
            replace(
                wait("budget", "running_experiments", "11:20"),
                choices=("raise", "enough", "stop"),
                facts={"needs_usd": 0.31, "spent_usd": 9.87, "limit_usd": 10.0, "own": False},
            ),
        ),
        standstill=Standstill(
            Limit(10.0, "project"),
            21,
            Ahead((900_000, 1_400_000), (12_600, 16_200), (3_200_000, 4_800_000), (12_600, 16_200)),
        ),
        experiments=tuple(replace(row, state="finished", ended_at=ms("12:01")) for row in base.experiments),
        spent_micros=9_870_000,
        gpu_s=65_520,
        running=None,
    )


def network_lost() -> Look:
    talk = (
        said("phd_student", "13:55", "add_paper 2206.00364: the noise schedule is a choice of its own, apart from the sampler."),
        said("phd_student", "13:57", "search_papers “variance preserving step size”\n5 abstracts; two are new."),
        said("phd_student", "13:58", "The second of them asks what", writing=True, attempt="a", cut=True),
    )  # fmt: skip
    return replace(
        plan_at_work(),
        now=ms("14:34"),
        project="diffusion-2d",
        run=run("paused"),
        phases=phases(phase(1, "done", took_m=7, cents=13), phase(2, "waits_world", "13:21", cents=64, asks=30)),
        waits=(wait("network", "literature_review", "13:58", {"tried_at": ms("14:33"), "next_at": ms("14:38")}),),
        standstill=Standstill(again=1, again_micros=30_000),
        notes=(),
        shelf=("a", "b", "c"),
        turns={"literature_review": talk},
        spent_micros=770_000,
        gpu_s=6840,
    )


class Words(LogFile):
    """A log that says these lines."""

    def __init__(self, *told: str) -> None:
        super().__init__(Path("/nowhere"))
        self.told = told

    def __len__(self) -> int:
        return len(self.told)

    def lines(self, first: int, count: int) -> list[str]:
        return list(self.told[max(first, 0) : first + count])


ENGINE_LOG = Words(
    "2026-11-20 13:31:02  engine 3, pid 4711, version 0.1.0",
    "2026-11-20 14:11:52  step experiments@1/step-3/run-2 in flight",
    "2026-11-20 14:11:58  e14 4,100 of 10,000",
    "2026-11-20 14:12:03  e15 3,900 of 10,000",
    "2026-11-20 14:12:07  call experiments@1/step-3/grade dispatched",
)


def engine_gone() -> Look:
    return replace(
        experiments_at_work(),
        project="lr-warmup",
        run=run("running", 2),
        engine=Engine(False, None, None, ms("14:12"), "signal", 9, doubtful=1, doubtful_micros=40_000),
        engine_log=ENGINE_LOG,
        spent_micros=3_400_000,
    )


# home


def home() -> Home:
    """A."""

    def row(
        name: str, number: int, group: str, symbol: str, key: str, at: int, micros: int, gpu_s: float, **facts: Any
    ) -> HomeRow:
        return HomeRow(Path("/lab") / name, name, number, group, symbol, key, facts, at, micros, gpu_s, "Does warm-up matter?", "co-pilot", every=True, stops=8, following="report_writing", limit_micros=10_000_000, limit_gpu_s=86_400)  # fmt: skip

    plan = row("grokking", 1, "waits", "waits_person", "home.waits.plan_formulation", ms("14:31"), 1_020_000, 0)
    plan = replace(
        plan,
        question="Does weight decay set the clock of grokking?",
        following="data_preparation",
        after=True,
        took_s=(240, 360),
    )
    wrong = LabError(
        "project.bad_value",
        file="/lab/old-probe/project.toml",
        line=9,
        option="checkpoints",
        value='"plam"',
        allowed="phases of the lab",
    )
    probe = HomeRow(Path("/lab/old-probe"), "old-probe", 0, "at_rest", "failed", "home.broken.project.bad_value", {**wrong.facts, "file": "project.toml"}, ms("09:00", 2), None, None, error=wrong)  # fmt: skip
    h100 = Gpu(0, "H100", 71, 31, 80, "GPU-0"), Gpu(1, "H100", 0, 0, 80, "GPU-1")
    return Home(
        ms("14:40", 22),
        "gpubox-3",
        "UTC+8",
        (
            replace(plan, since_at=ms("14:31", 22)),
            row("vit-noise", 4, "waits", "waits_person", "home.person.budget", ms("11:20", 22), 9_870_000, 65_520, spent="9.87", limit="10.00"),
            row("lr-warmup", 2, "at_work", "at_work", "home.experiments", ms("09:12", 22), 3_400_000, 21_960, running=2, done=14),
            row("diffusion-2d", 1, "at_work", "waits_world", "home.world.network", ms("13:58", 22), 770_000, 6_840, phase="literature_review"),
            row("char-lm", 3, "at_rest", "done", "home.paper_score", ms("11:20"), 4_370_000, 11_160, n=8, score="6.0"),
            row("char-lm", 2, "at_rest", "done", "home.paper_score", ms("11:20", 18), 5_020_000, 15_840, n=7, score="4.7"),
            row("vit-noise", 3, "at_rest", "stopped", "home.stopped", ms("11:20", 17), 2_200_000, 25_200, phase="running_experiments"),
            probe,
        ),
        Host((Held(h100[0], "lr-warmup e14"), Held(h100[1])), 16, 6, 210, "bubblewrap"),
    )  # fmt: skip
