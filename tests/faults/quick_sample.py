"""The sample with programs that make up what they measure, in a second each and with hardly any processor time.

For tests of what survives and what is run again: there it counts that programs run, not that networks learn. A setting
and a seed give the same numbers every time, with the verdicts that the sample really gets; that the real ones get them
is shown by the demo's own tests.
"""

from __future__ import annotations

from pathlib import Path

from tests.faults import driving

TRAINS = """
def train(out_dir):
    import time

    steps = 1800 / WEIGHT_DECAY + DECAY_FROM + 10 * INIT_SCALE + 50 * (SEED % 3)
    understood = int(steps) // LOOK_EVERY * LOOK_EVERY if WEIGHT_DECAY < 4 and steps <= MAX_STEPS else None
    with open(out_dir / "metrics.jsonl", "a", buffering=1) as curve:
        for step in range(LOOK_EVERY, (understood or MAX_STEPS) + 1, LOOK_EVERY):
            val_acc = 0.96 if step == understood else 0.5 * step / MAX_STEPS
            told = {"step": step, "train_acc": min(1.0, step / 250), "val_acc": val_acc, "loss": 25 / step}
            curve.write(json.dumps(told) + "\\n")
            time.sleep(0.01)  # there must be a while in which an engine can die
    return 250, understood, val_acc


def main("""


def quick_sample(folder: Path, **values: str | int | float | bool) -> Path:
    """A copy of the sample; only what stands below its knobs is another program, so that edits still fit.

    A cast that was changed is not the shipped one: its programs need the person's word for running in no sandbox.
    """
    driving.sample(folder, experiments__sandbox="basic", **values)
    program = folder / "rehearsal" / "files" / "experiment.py"
    text = program.read_text()
    assert text.count("\ndef main(") == 1
    program.write_text(text.replace("\ndef main(", TRAINS))
    return folder
