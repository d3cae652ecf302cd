"""The program that draws an experiment's figures: `figures.json` in, PNG files out; run as a job of the lab's own.

It reads plain numbers and words, in whatever language the words are, and writes the same bytes for the same input: no
dates, fixed fonts and sizes. It imports nothing of the lab, so that it runs alone in a work folder; `figures.py` says
what stands in its input.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import font_manager, ticker
from matplotlib import pyplot as plt

# Okabe and Ito's colours: told apart by colour-blind eyes too; a marker and a line style beside each
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":")
WIDTH_IN, HEIGHT_IN, DPI = 5.6, 3.4, 200


def main() -> None:
    told = json.loads(Path("figures.json").read_text(encoding="utf-8"))
    families = ["DejaVu Sans"]
    for path in told["fonts"]:
        font_manager.fontManager.addfont(path)
        families.append(font_manager.FontProperties(fname=path).get_name())
    plt.rcParams.update(
        {
            "font.family": families,
            "font.size": 9,
            "axes.unicode_minus": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.alpha": 0.25,
            "legend.frameon": False,
            "text.parse_math": False,  # a dollar sign in a program's metric is a dollar sign
            "svg.hashsalt": "lab",
        }
    )
    for figure in told["figures"]:
        drawing, axes = plt.subplots(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
        (curves if figure["kind"] == "curves" else bars)(axes, figure)
        axes.set_title(figure["title"], fontsize=10)
        drawing.savefig(figure["file"], dpi=DPI, metadata={"Software": None})
        plt.close(drawing)


def curves(axes: Any, figure: dict[str, Any]) -> None:
    """Metrics by step: a line a program, its seeds as thin lines behind the mean where they share steps."""
    for n, series in enumerate(figure["series"]):
        colour, style = COLOURS[n % len(COLOURS)], STYLES[n // len(COLOURS) % len(STYLES)]
        seeds = [seed for seed in series["seeds"] if seed]
        for seed in seeds if len(seeds) > 1 else []:
            axes.plot(*zip(*seed, strict=True), color=colour, alpha=0.25, linewidth=0.7)
        line = middle(seeds)
        axes.plot(
            *zip(*line, strict=True),
            color=colour,
            linestyle=style,
            linewidth=1.6,
            label=series["label"],
            marker="o",
            markevery=[len(line) - 1],
            markersize=3.5,
            zorder=2 + 1 / (1 + len(line)),  # one that ends early runs over the one that it is a part of
        )
    axes.set_xlabel(figure["x"])
    axes.set_ylabel(figure["y"])
    axes.xaxis.set_major_locator(ticker.MaxNLocator(6, integer=True))
    if len(figure["series"]) > 1:
        axes.legend(fontsize=8)


def middle(seeds: list[list[list[float]]]) -> list[tuple[float, float]]:
    """The mean over seeds at each step that any of them told, over those that told it."""
    at: dict[float, list[float]] = {}
    for seed in seeds:
        for step, value in seed:
            at.setdefault(step, []).append(value)
    return [(step, sum(values) / len(values)) for step, values in sorted(at.items())]


def bars(axes: Any, figure: dict[str, Any]) -> None:
    """The primary metric by program with its spread; a target missed by every seed is a hatched bar up to the limit."""
    names = [bar["label"] for bar in figure["bars"]]
    for n, bar in enumerate(figure["bars"]):
        missed = bar["mean"] is None
        height = bar["censored_at"] if missed else bar["mean"]
        if height is None:
            continue
        axes.bar(
            n,
            height,
            yerr=None if missed else bar["sd"],
            width=0.65,
            color="white" if missed else COLOURS[0],
            edgecolor="#888888" if missed else COLOURS[0],
            hatch="///" if missed else None,
            capsize=3,
        )
        axes.annotate(
            bar["note"], (n, height), xytext=(4, 3), textcoords="offset points", ha="left", va="bottom", fontsize=7
        )
    turn = len(names) > 5 or any(len(name) > 14 for name in names)
    axes.set_xticks(range(len(names)), names, rotation=25 if turn else 0, ha="right" if turn else "center", fontsize=8)
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)
    axes.set_ylabel(figure["y"])
    axes.grid(axis="x", visible=False)
    axes.margins(y=0.12)


if __name__ == "__main__":
    main()
