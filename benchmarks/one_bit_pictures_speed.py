"""What bits from picture to head are worth: time per call, beside a real first layer and float32.

    python benchmarks/one_bit_pictures_speed.py [--seconds 5] [--json]

`vgg_small` of width 32 and 128 with weights as they come, one thread, batch 1 and 64, contenders in
turns, the fastest turn of each. On the engine: a real-valued picture into a real first layer; the
picture cut by Bayer 2×2 with a phase per colour into a binary first layer, cutting included; and
the same with a binary head, so that no layer multiplies. Beside them PyTorch's float32 of the
network with the real first layer, eager and compiled, whichever is faster.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import torch

from benchmarks.machine import machine_facts
from design_core.engine.measure import frozen
from design_core.engine.packing import pack
from design_core.engine.turns import race
from design_core.networks import build_network

SHAPE = (3, 32, 32)
CUT = "design:bayer-phases-2@quantile"
ARMS = {
    "real first layer": {},
    "one-bit picture": {"picture": CUT},
    "one-bit picture, binary head": {"picture": CUT, "last": "binary"},
}
EAGER, COMPILED = "float32, eager", "float32, compiled"


def milliseconds(width: int, batch: int, seconds: float) -> dict[str, float]:
    """Of each contender."""
    x = torch.randn(batch, *SHAPE, generator=torch.Generator().manual_seed(0))
    runs: dict[str, Callable[[], object]] = {}
    for name, options in ARMS.items():
        packed = pack(build_network("vgg_small", width=width, **options).eval(), SHAPE)
        runs[name] = lambda packed=packed: packed(x.numpy())
    model = frozen(build_network("vgg_small", width=width)).to(memory_format=torch.channels_last)
    pixels = x.contiguous(memory_format=torch.channels_last)
    compiled = torch.compile(model, options={"freezing": True}, dynamic=False)
    runs[EAGER] = torch.inference_mode()(lambda: model(pixels))
    runs[COMPILED] = torch.no_grad()(lambda: compiled(pixels))
    return race(runs, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="for each of the four settings")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for width in (32, 128):
        for batch in (1, 64):
            times = milliseconds(width, batch, args.seconds)
            real = times["real first layer"]
            floats = min(times.pop(EAGER), times.pop(COMPILED))
            rows.append({"width": width, "batch": batch, "float32": floats, **times})
            if not args.json:
                print(f"width {width}, batch {batch}: float32 {floats:.3f} ms", flush=True)
                for name, ms in times.items():
                    print(
                        f"  {name:29} {ms:7.3f} ms   {floats / ms:5.1f} × float32   "
                        f"{real / ms:4.2f} × the real first layer"
                    )
    facts = machine_facts("torch", "numba", "numpy")
    print(json.dumps({"milliseconds": rows, **facts}, indent=2) if args.json else facts)


if __name__ == "__main__":
    main()
