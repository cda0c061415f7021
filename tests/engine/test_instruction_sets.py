"""The compiled engine is exact on every instruction set that this machine can imitate."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

llvm = pytest.importorskip("llvmlite.binding")
ROOT = Path(__file__).parents[2]

_AVX2 = ("avx2", "fma", "popcnt", "bmi", "bmi2")
_AVX512 = (*_AVX2, *(f"avx512{part}" for part in ("f", "bw", "cd", "dq", "vl")))

#: Method, and features of processors by LLVM's names for them.
SETS = {
    "x86-64": ("plain", ("sse2",)),
    "haswell": ("look-up", _AVX2),
    "skylake-avx512": ("look-up", _AVX512),
    "icelake-server": ("count", (*_AVX512, "avx512vpopcntdq")),
}

#: Generated networks on both backends, with every index checked; then one whose buffers are too
#: short, so that we know that vectors are checked as well.
PROGRAM = """
import sys
from collections import Counter
from dataclasses import replace
import numpy as np
from design_core.engine import compiled, program, vectors
from tests.engine.generated import Generator, outcome
print(vectors.METHOD, *Counter(outcome(seed) for seed in range(150)).values())
def short(layers, maps, *, planar):
    made = program.assemble(layers, maps, planar=planar)
    made.steps[0, program.Buffer.PADDED] //= 2
    return made
compiled.assemble = short
layers, shape = [], ()
seed = 0
while not any(hasattr(layer, "conv") for layer in layers):
    try:
        layers, shape = Generator(seed).network()
    except ValueError:
        pass
    seed += 1
run = compiled.program(layers, program.Maps("real", *shape), planar=True)
try:
    run(np.zeros((1, *shape), np.float32))
except IndexError:
    print("checked")
"""


@pytest.mark.parametrize("name", SETS)
def test_generated_networks_are_exact(name: str, tmp_path: Path) -> None:
    method, features = SETS[name]
    if platform.machine() != "x86_64":
        pytest.skip(f"{name} cannot be imitated on {platform.machine()}")
    here = llvm.get_host_cpu_features()
    missing = [feature for feature in features if not here.get(feature)]
    if missing:
        pytest.skip(f"{name} needs {', '.join(missing)}, which this processor lacks")
    imitated = {
        "NUMBA_CPU_NAME": name,
        "NUMBA_CPU_FEATURES": ",".join(f"+{feature}" for feature in features),
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, **imitated},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    used, ran, refused, *checked = run.stdout.split()
    assert used == method
    assert int(ran) + int(refused) == 150
    assert min(int(ran), int(refused)) > 30
    assert checked == ["checked"]
