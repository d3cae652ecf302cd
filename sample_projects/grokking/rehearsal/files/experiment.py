"""When does a network that has learned its training table by heart begin to understand it?

A network with one hidden layer of squared units learns a + b mod 47 from 40 % of the table, by AdamW on the full batch.
It fits the training pairs soon and the other pairs much later. What is measured is `steps`: the first step at which
95 % of the validation pairs are right. Run it as: SEED=1 python experiment.py --out_dir=run_0
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from load_data import P, load

WEIGHT_DECAY = 1.0  # decoupled, as in AdamW
DECAY_FROM = 0  # the step after which weights decay
INIT_SCALE = 1.0  # times the usual spread of the first weights
WIDTH = 128
LEARNING_RATE = 1.5e-3
BETAS = (0.9, 0.98)
MAX_STEPS = 2500
TARGET = 0.95  # validation accuracy that counts as understood
FITTED = 0.99  # training accuracy that counts as learned by heart
LOOK_EVERY = 25

SEED = int(os.environ.get("SEED", "1"))


def start(rng):
    """First weights: one row for each first and each second number, then from the hidden units to the sums."""
    table = rng.normal(0.0, INIT_SCALE / np.sqrt(2 * P), (2 * P, WIDTH))
    out = rng.normal(0.0, INIT_SCALE / np.sqrt(WIDTH), (WIDTH, P))
    return [table.astype(np.float32), out.astype(np.float32)]


def forward(weights, rows):
    """Hidden sums and logits for pairs that are given by their two rows in the table."""
    table, out = weights
    summed = table[rows[:, 0]] + table[rows[:, 1]]
    return summed, (summed * summed) @ out


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def accuracy(logits, sums):
    return float((logits.argmax(axis=1) == sums).mean())


def train(out_dir):
    (pairs, sums), (pairs_val, sums_val) = load(SEED)
    rows, rows_val = pairs + [0, P], pairs_val + [0, P]
    n, one_hot = len(sums), np.eye(P, dtype=np.float32)[sums]
    chosen = np.zeros((2 * P, n), dtype=np.float32)  # which rows of the table a pair uses, for the gradient
    chosen[rows[:, 0], np.arange(n)] = chosen[rows[:, 1], np.arange(n)] = 1.0
    weights = start(np.random.default_rng(1000 + SEED))
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]

    fitted = understood = None
    with open(out_dir / "metrics.jsonl", "a", buffering=1) as curve:
        for step in range(1, MAX_STEPS + 1):
            summed, logits = forward(weights, rows)
            probability = softmax(logits)
            error = (probability - one_hot) / np.float32(n)
            gradients = [chosen @ (2 * summed * (error @ weights[1].T)), (summed * summed).T @ error]

            decay = WEIGHT_DECAY if step > DECAY_FROM else 0.0
            for w, g, m, v in zip(weights, gradients, first, second):
                m += (1 - BETAS[0]) * (g - m)
                v += (1 - BETAS[1]) * (g * g - v)
                pull = (m / (1 - BETAS[0] ** step)) / (np.sqrt(v / (1 - BETAS[1] ** step)) + 1e-8)
                w -= LEARNING_RATE * (pull + decay * w)

            if step % LOOK_EVERY == 0:
                train_acc = accuracy(logits, sums)
                val_acc = accuracy(forward(weights, rows_val)[1], sums_val)
                loss = float(-np.log(probability[np.arange(n), sums] + 1e-9).mean())
                told = {"step": step, "train_acc": train_acc, "val_acc": val_acc, "loss": loss}
                curve.write(json.dumps(told) + "\n")
                if fitted is None and train_acc >= FITTED:
                    fitted = step
                    print(f"step {step}: learned by heart, {val_acc:.0%} of the other pairs right", flush=True)
                if val_acc >= TARGET:
                    understood = step
                    break
    return fitted, understood, val_acc


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out_dir", type=Path, default=Path("run_0"))
    out_dir = parser.parse_args().out_dir
    out_dir.mkdir(parents=True, exist_ok=True)
    fitted, understood, val_acc = train(out_dir)
    means = {"steps": understood, "fit_steps": fitted, "val_acc": val_acc}
    missed = {name: MAX_STEPS for name, value in means.items() if value is None}
    told = {f"mod{P}": {"means": means, "stderrs": {}, "censored": missed}}
    (out_dir / "final_info.json").write_text(json.dumps(told, indent=1))
    print(f"seed {SEED}: " + (f"understood at step {understood}" if understood else f"not within {MAX_STEPS} steps"))


if __name__ == "__main__":
    main()
