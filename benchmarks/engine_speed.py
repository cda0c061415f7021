"""The bounds of the 1-bit engine: speed per layer and end to end, DeSign against Sign, file size.

    python benchmarks/engine_speed.py [--json]

One thread, batch 1, through ``python -m design_core bench``, which says what is compared; once for
this processor, and once as if it had AVX2 only. The bounds hold for AVX-512 with vpopcntdq and on a
machine that does nothing else. The file bound is for a network of width 128 with binary first and
last layers: a real last layer alone takes more than a third of the packed file. Fails when a bound
does. All of ``bench``, with more batches and threads, is what the page Speed shows
(``bench --out design_core/resources/measured/speed.json``).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine_facts  # noqa: E402

AVX2_ONLY = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+avx2,+fma,+popcnt,+bmi,+bmi2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "DNNL_MAX_CPU_ISA": "AVX2",
}


def bench(**environment: str) -> dict[str, Any]:
    """The report of ``bench``, in a process of its own."""
    command = [sys.executable, "-m", "design_core", "bench", "--json", "--seconds", "3"]
    done = subprocess.run(
        [*command, "--batch", "1", "--threads", "1"],
        check=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env=os.environ | environment,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def ratios(report: dict[str, Any]) -> dict[str, float]:
    """Float32 time over packed time."""
    by_shape = {tuple(layer["shape"]): layer["ratio"] for layer in report["layers"]}
    by_name = {network["name"]: network for network in report["networks"]}
    return {
        "128→128 at 32×32": by_shape[128, 128, 32, 32],
        "512→512 at 8×8": by_shape[512, 512, 8, 8],
        "vgg_small": by_name["vgg_small, sign"]["ratio"],
    }


def file_ratios(report: dict[str, Any]) -> dict[str, float]:
    """Float32 bytes over those of the packed file, by network."""
    return {n["name"]: n["fp32_bytes"] / n["bytes"] for n in report["networks"]}


def main() -> int:
    """Measure, print, and say whether the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    report = bench()
    files = file_ratios(report)
    found = ratios(report) | {"file": files["vgg_small all binary, design:2x2-v2"]}
    bounds = {"128→128 at 32×32": 8.0, "512→512 at 8×8": 15.0, "vgg_small": 5.0, "file": 25.0}
    result = {
        "ratios": {name: round(value, 2) for name, value in found.items()},
        "bounds": bounds,
        "file_ratios": {name: round(value, 1) for name, value in files.items()},
        "design_over_sign": round(report["design_over_sign"], 3),
        "avx2_ratios": {name: round(v, 2) for name, v in ratios(bench(**AVX2_ONLY)).items()},
        "cpu_flags": report["cpu"]["flags"],
        **machine_facts("torch", "numba", "numpy"),
    }
    if args.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join(f"{name:17} {value}" for name, value in result.items()))
    held = all(found[name] >= bound for name, bound in bounds.items())
    return 0 if held and abs(report["design_over_sign"] - 1) <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
