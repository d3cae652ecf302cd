"""What an interpreter can import beside the standard library, as far as research asks: `torch 2.8.0`.

Told to those who plan and write programs, so that nobody plans for a library that is not there, or for numpy alone
where there is a GPU. It reads the world: a visit pins what it finds when it opens.
"""

from __future__ import annotations

import json
import subprocess
import sys

ASKED = (
    *("numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "matplotlib", "pillow", "networkx", "sympy", "numba"),
    *("torch", "torchvision", "torchaudio", "tensorflow", "jax", "flax", "transformers", "datasets", "accelerate"),
    *("xgboost", "lightgbm", "einops", "timm", "gymnasium", "polars"),
)
PROBE_S = 20
_PROBE = """\
import importlib.metadata as known, json, sys
found = []
for name in json.loads(sys.argv[1]):
    try:
        found.append(f"{name} {known.version(name)}")
    except known.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def installed(python: str = sys.executable) -> tuple[str, ...]:
    """Names and versions, in one order; nothing where the interpreter does not say within 20 s."""
    try:
        done = subprocess.run(
            [python, "-I", "-c", _PROBE, json.dumps(ASKED)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_S,
            check=True,
        )
        return tuple(str(name) for name in json.loads(done.stdout))
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
