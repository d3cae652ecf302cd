"""Addition modulo 47: every pair of numbers once, split into training and validation by the seed.

The table is generated, so nothing is downloaded. Run as a program it checks itself and prints a few rows.
"""

import numpy as np

P = 47  # the modulus; a prime, so that every number but 0 generates the group
TRAIN_SHARE = 0.4  # of the 2,209 pairs


def load(seed):
    """((pairs, sums) for training, (pairs, sums) for validation); pairs have shape (n, 2), sums shape (n,)."""
    pairs = np.array([(a, b) for a in range(P) for b in range(P)])
    sums = pairs.sum(axis=1) % P
    order = np.random.default_rng(seed).permutation(len(pairs))
    cut = int(TRAIN_SHARE * len(pairs))
    train, held_out = order[:cut], order[cut:]
    return (pairs[train], sums[train]), (pairs[held_out], sums[held_out])


def check(seed):
    """No pair stands in both parts, none is missing, every sum is right."""
    (x, y), (x_val, y_val) = load(seed)
    seen = {tuple(pair) for pair in x.tolist()} | {tuple(pair) for pair in x_val.tolist()}
    assert len(x) + len(x_val) == len(seen) == P * P
    assert ((x.sum(axis=1) - y) % P == 0).all() and ((x_val.sum(axis=1) - y_val) % P == 0).all()
    assert len(set(y.tolist())) == P, "every sum occurs in training"


if __name__ == "__main__":
    for seed in (1, 2, 3):
        check(seed)
    (x, y), (x_val, y_val) = load(1)
    print(f"mod{P}: {len(x)} pairs for training, {len(x_val)} for validation, {P} classes")
    for (a, b), c in zip(x[:3].tolist(), y[:3].tolist()):
        print(f"{a} + {b} = {c} (mod {P})")
