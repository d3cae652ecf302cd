"""A small paper in both languages with everything a paper has, and what was measured for it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from engine.writing.references import Known
from engine.writing.scaffold import with_section
from state.paper import gather
from state.vocabulary import Language, Verdict


@dataclass(frozen=True)
class Value:
    """A measured value, as the rooms above hand it on."""

    program: str
    seed: int
    value: float | None
    censored: float | None = None
    dataset: str = "mod47"
    metric: str = "steps"
    experiment: int = 0


MEASURED = [
    *(Value("base", seed, value, experiment=seed) for seed, value in enumerate((2950, 3170, 2850), 1)),
    *(Value("wd_2", seed, value, experiment=3 + seed) for seed, value in enumerate((2430, 2190, 2310), 1)),
    *(Value("wd_4", seed, None, 4000, experiment=6 + seed) for seed in (1, 2, 3)),
    *(Value("wd_03", seed, value, 4000, experiment=9 + seed) for seed, value in enumerate((3900, None, None), 1)),
]

KNOWN = Known(
    values=gather(MEASURED),
    baseline="base",
    verdicts={"base": Verdict.BASELINE, "wd_2": Verdict.BETTER, "wd_4": Verdict.CENSORED},
    settings=(
        "seeds = 3\nweight decay 0.3, 1.0, 2.0, 4.0; width 128; target accuracy 0.95 within 4_000 steps; p = 47",
    ),
)

SHELF = {
    "power2022grokking": "@article{x, title={Grokking: Generalization Beyond Overfitting on Small Algorithmic"
    " Datasets}, author={Power, Alethea and Burda, Yuri and Edwards, Harri and Babuschkin, Igor and Misra, Vedant},"
    " year=2022, journal={arXiv preprint arXiv:2201.02177}}",
    "nanda2023progress": "@inproceedings{y, title={Progress measures for grokking via mechanistic interpretability},"
    ' author="Nanda, Neel and Chan, Lawrence and Lieberum, Tom", booktitle={ICLR}, year={2023}}',
    "loshchilov2019adamw": "@inproceedings{z, title={Decoupled Weight Decay Regularization},"
    " author={Loshchilov, Ilya and Hutter, Frank}, booktitle={ICLR}, year={2019}}",
}

HERE = Path(__file__).parent


def paper(language: Language = Language.EN, **over: str) -> str:
    """The whole paper; `over` replaces sections by name."""
    source = (HERE / f"paper.{language.value}.tex").read_text("utf-8")
    for name, body in over.items():
        source = with_section(source, name, body)
    return source


def figure(width: int = 720, height: int = 400) -> bytes:
    """A PNG with a few lines in it."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 20, width - 20, height - 40), outline="black", width=2)
    for nth, colour in enumerate(("#1f77b4", "#d62728", "#2ca02c")):
        points = [(40 + x, height - 45 - (x * (nth + 1)) % (height - 80)) for x in range(0, width - 80, 40)]
        draw.line(points, fill=colour, width=3)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


FIGURES = {"curves.png": figure(), "bars.png": figure(720, 260)}
