"""The engine against PyTorch: time per layer and end to end, and bytes.

What is compared, so that nobody has to guess:

- A **layer** is a 3×3 convolution. Packed: padding, sums, batch norm + activation as one compare,
  packing of the bits. PyTorch: the convolution alone, so the ratio is a low estimate.
- A **network** is all of it, from pictures to class scores. PyTorch gets its binary weights ready
  made, as plain float weights; it never touches the latent ones.
- PyTorch runs in channels-last memory, through oneDNN, eagerly and by ``torch.compile`` with frozen
  weights; the faster of the two counts. bfloat16 stands beside float32.
- Contenders take turns, so that whatever else the machine does hits all, and of each the fastest
  turn counts: what it takes when nothing disturbs it. A turn is two runs; the second counts.
- Beside what else one would deploy, float32 and int8 networks without bits included:
  `design_core.engine.rivals`.
- Packed networks share a batch by pictures: at batch 1 a second thread does nothing for them.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from design_core.engine.anatomy import file_parts
from design_core.engine.backend import load_backend
from design_core.engine.bits import Words, pack_bits, word_count
from design_core.engine.cpu import Waiting, cpu_facts
from design_core.engine.files import save_packed
from design_core.engine.layers import BitConv, Block, Cut, Maps
from design_core.engine.network import CHUNK, in_chunks
from design_core.engine.packing import pack
from design_core.engine.report import LayerTime, NetworkTime, Report, Rival, Turns
from design_core.engine.rivals import RIVAL_WIDTHS, measure_rivals, missing_rivals
from design_core.engine.turns import race, turns
from design_core.networks import build_network
from design_core.networks.layers import BinaryConv2d, BinaryLayer, pad_maps

__all__ = [
    "LAYER_SHAPES",
    "NETWORKS",
    "PARTS",
    "Settings",
    "frozen",
    "measure",
]

#: (input channels, outputs, side) of the 3×3 convolutions of a `vgg_small` of width 128.
LAYER_SHAPES = ((128, 128, 32), (128, 256, 16), (256, 256, 16), (256, 512, 8), (512, 512, 8))

#: Networks by the name under which they are reported.
NETWORKS: Mapping[str, tuple[str, dict[str, str]]] = {
    "vgg_small, sign": ("vgg_small", {"activation": "sign"}),
    "vgg_small, design:2x2-v2": ("vgg_small", {"activation": "design:2x2-v2"}),
    "vgg_small all binary, design:2x2-v2": (
        "vgg_small",
        {"activation": "design:2x2-v2", "first": "binary", "last": "binary"},
    ),
    "resnet20, design:2x2-v2": ("resnet20", {"activation": "design:2x2-v2"}),
}


#: What a measurement consists of, Sign against DeSign apart.
PARTS = ("layers", "networks", "rivals")


@dataclass(frozen=True)
class Settings:
    """What to measure.

    Parameters
    ----------
    batches, threads
        All pairs of these.
    compiled
        Whether ``torch.compile`` competes too; needs a C++ compiler and a minute per network.
    seconds
        Spent on each comparison, at least.
    parts
        Which of `PARTS`.
    """

    batches: tuple[int, ...] = (1, 64)
    threads: tuple[int, ...] = (1, 2)
    compiled: bool = True
    seconds: float = 1.0
    parts: tuple[str, ...] = PARTS


def measure(
    settings: Settings,
    *,
    shapes: Sequence[tuple[int, int, int]] = LAYER_SHAPES,
    networks: Mapping[str, tuple[str, dict[str, Any]]] = NETWORKS,
    widths: Sequence[int] = RIVAL_WIDTHS,
    report: Callable[[LayerTime | NetworkTime | Rival], None] = lambda _: None,
) -> Report:
    """Measure all that `settings` names; `report` hears of each result as it comes."""
    shapes = shapes if "layers" in settings.parts else ()
    networks = networks if "networks" in settings.parts else {}
    widths = widths if "rivals" in settings.parts else ()
    compiled = settings.compiled and shutil.which("g++") is not None
    kept = torch.get_num_threads()
    waiting = Waiting()
    layers: list[LayerTime] = []
    whole: list[NetworkTime] = []
    try:
        for threads in settings.threads:
            torch.set_num_threads(threads)
            for batch in settings.batches:
                for shape in shapes:
                    layers.append(_layer(shape, batch, threads, compiled, settings.seconds))
                    report(layers[-1])
                for name, (kind, options) in networks.items():
                    model = build_network(kind, **options).eval()
                    whole.append(_network(name, model, batch, threads, compiled, settings.seconds))
                    report(whole[-1])
        torch.set_num_threads(1)
        among = measure_rivals(
            settings.batches,
            compiled=compiled,
            seconds=settings.seconds,
            widths=widths,
            report=report,
        )
    finally:
        torch.set_num_threads(kept)
    return Report(
        layers=tuple(layers),
        networks=tuple(whole),
        activations=_activations(settings.seconds),
        waited=waiting.share(),
        torch=torch.__version__,
        compiled=compiled,
        cpu=cpu_facts(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        rivals=among,
        missing=missing_rivals(),
    )


class _FrozenConv(nn.Module):
    """A binary convolution with its weights ready made."""

    def __init__(self, layer: BinaryConv2d) -> None:
        super().__init__()
        self.weight = nn.Parameter(_effective(layer), requires_grad=False)
        self.stride, self.padding = layer.stride, layer.padding

    def forward(self, x: Tensor) -> Tensor:
        margin = self.weight.shape[-1] // 2
        if self.padding == "zero":
            return F.conv2d(x, self.weight, stride=self.stride, padding=margin)
        return F.conv2d(pad_maps(x, margin, self.padding), self.weight, stride=self.stride)


class _FrozenLinear(nn.Module):
    """A binary linear layer with its weights ready made."""

    def __init__(self, layer: BinaryLayer) -> None:
        super().__init__()
        self.weight = nn.Parameter(_effective(layer), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight)


@torch.no_grad()
def _effective(layer: BinaryLayer) -> Tensor:
    values, scale = layer.factors()
    return values if scale is None else values * scale.view(-1, *[1] * (values.ndim - 1))


def frozen(model: nn.Module) -> nn.Module:
    """A copy for inference whose binary layers are plain float ones: the fair opponent."""
    model = copy.deepcopy(model).eval()
    for name, module in list(model.named_modules()):
        if isinstance(module, BinaryLayer):
            plain = _FrozenConv if isinstance(module, BinaryConv2d) else _FrozenLinear
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, plain(module))  # type: ignore[arg-type]
    return model


def _torch_contenders(
    model: nn.Module, x: Tensor, compiled: bool
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Eager and compiled runs in float32 and bfloat16, channels last."""
    for name, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        of_kind = copy.deepcopy(model).to(kind).to(memory_format=torch.channels_last)
        given = x.to(kind).contiguous(memory_format=torch.channels_last)
        yield f"{name} eager", _inference(of_kind, given)
        if compiled:
            torch.compiler.reset()
            faster = torch.compile(of_kind, dynamic=False, options={"freezing": True})
            run = _inference(faster, given)
            run()
            yield f"{name} compiled", run


def _inference(model: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.no_grad():
            return model(x)

    return run


def _rest(threads: int) -> float:
    """PyTorch's other threads go on spinning for a while, on processors that the next one needs."""
    return 0.005 if threads > 1 else 0.0


def _best(times: Mapping[str, float], prefix: str) -> float:
    return min(ms for name, ms in times.items() if name.startswith(prefix))


def _layer(
    shape: tuple[int, int, int], batch: int, threads: int, compiled: bool, seconds: float
) -> LayerTime:
    inputs, outputs, side = shape
    rng = np.random.default_rng(0)

    def coins(*sizes: int) -> Words:
        return pack_bits(rng.integers(0, 2, sizes).astype(bool))

    weights = np.ascontiguousarray(coins(3, 3, outputs, inputs).swapaxes(2, 3))
    conv = BitConv(weights, inputs)
    cut = Cut(np.zeros((2, 2, outputs), np.int32), np.zeros(word_count(outputs), np.uint32))
    x = coins(batch, side, side, inputs)
    run = load_backend().program([Block(conv, False, cut)], Maps("bits", inputs, side, side))

    def packed() -> object:
        return in_chunks(run, x, min(CHUNK, -(-batch // threads)), threads)

    real = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    contenders = dict(
        _torch_contenders(real, torch.randn(batch, inputs, side, side), compiled), packed=packed
    )
    times = race(contenders, seconds, rest=_rest(threads))
    size = (inputs, outputs, side, side)
    return LayerTime(
        size, batch, threads, _best(times, "fp32"), _best(times, "bf16"), times["packed"]
    )


def _network(
    name: str, model: nn.Module, batch: int, threads: int, compiled: bool, seconds: float
) -> NetworkTime:
    packed = pack(model)
    packed.warm_up()
    x = torch.randn(batch, *packed.input_shape)
    pictures = x.numpy()
    contenders = dict(
        _torch_contenders(frozen(model), x, compiled),
        packed=lambda: packed(pictures, threads=threads),
    )
    times = race(contenders, seconds, rest=_rest(threads))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network"
        save_packed(packed, path)
        size = path.stat().st_size
    floats = 4 * sum(tensor.numel() for tensor in model.state_dict().values())
    return NetworkTime(
        name,
        batch,
        threads,
        fp32_ms=_best(times, "fp32"),
        bf16_ms=_best(times, "bf16"),
        packed_ms=times["packed"],
        bytes=size,
        ram_bytes=packed.nbytes,
        fp32_bytes=floats,
        parts=file_parts(packed, file_bytes=size, float_bytes=floats),
    )


def _activations(seconds: float) -> dict[str, Turns]:
    """Packed `vgg_small` with Sign and with DeSign, batch 1, one thread."""
    networks = {
        name: pack(build_network("vgg_small", activation=activation))
        for name, activation in (("sign", "sign"), ("design", "design:2x2-v2"))
    }
    pictures = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    sign, design = networks.values()
    contenders = {"sign": lambda: sign(pictures), "design": lambda: design(pictures)}
    return {name: Turns.of(ms) for name, ms in turns(contenders, max(1.0, seconds)).items()}
