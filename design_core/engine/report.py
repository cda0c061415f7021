"""What a measurement of the engine found: times and bytes, as JSON and in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from design_core.engine.anatomy import Part
from design_core.paths import RESOURCES

__all__ = [
    "ENGINE",
    "RECORD",
    "RIVAL_KINDS",
    "LayerTime",
    "NetworkTime",
    "Report",
    "Rival",
    "Turns",
    "fastest",
    "fastest_in_words",
    "finding",
    "joined",
    "leader_in_words",
    "read_report",
    "recorded",
    "recorded_elsewhere",
]

#: What networks that compete consist of, from the widest numbers to the narrowest.
RIVAL_KINDS = ("float32", "int8", "1 bit")

#: The figures that pages and results show, and earlier ones of other processors.
RECORD = RESOURCES / "measured" / "speed.json"

#: What ran this project's networks, among contenders of bits.
ENGINE = "this engine"

Entry = TypeVar("Entry")

_CALM = 0.1  # of the time waited; most turns then run undisturbed, and the fastest counts


@dataclass(frozen=True)
class LayerTime:
    """Milliseconds of a 3×3 convolution; `shape` is (inputs, outputs, height, width)."""

    shape: tuple[int, int, int, int]
    batch: int
    threads: int
    fp32_ms: float
    bf16_ms: float
    packed_ms: float

    @property
    def ratio(self) -> float:
        """How many times faster than float32."""
        return self.fp32_ms / self.packed_ms

    @property
    def name(self) -> str:
        """``128→256 at 16×16``."""
        inputs, outputs, height, width = self.shape
        return f"{inputs}→{outputs} at {height}×{width}"


@dataclass(frozen=True)
class NetworkTime:
    """Milliseconds per batch of a network, and its bytes.

    Parameters
    ----------
    bytes, ram_bytes
        Of the packed file, and of the packed network in memory.
    fp32_bytes
        Of the network's state with every number as float32.
    parts
        What the bytes are for.
    """

    name: str
    batch: int
    threads: int
    fp32_ms: float
    bf16_ms: float
    packed_ms: float
    bytes: int
    ram_bytes: int
    fp32_bytes: int
    parts: tuple[Part, ...] = ()

    @property
    def ratio(self) -> float:
        """How many times faster than float32."""
        return self.fp32_ms / self.packed_ms

    @property
    def size_ratio(self) -> float:
        """How many times smaller the packed file is."""
        return self.fp32_bytes / self.bytes


@dataclass(frozen=True)
class Turns:
    """Milliseconds of one contender over its turns."""

    least: float
    lower_quartile: float
    median: float
    upper_quartile: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Turns:
        """Summarize turns."""
        return cls(*np.quantile(milliseconds, (0, 0.25, 0.5, 0.75)).tolist())


@dataclass(frozen=True)
class Rival:
    """One contender among all that one would deploy, see `design_core.engine.rivals`.

    Parameters
    ----------
    kind
        One of `RIVAL_KINDS`.
    name
        What ran it.
    milliseconds
        Per batch, on one thread.
    """

    kind: str
    name: str
    width: int
    batch: int
    milliseconds: Turns


def fastest(rivals: Sequence[Rival], kind: str) -> Rival | None:
    """The one of a kind whose median is least; None if there is none of that kind."""
    of_kind = [one for one in rivals if one.kind == kind]
    return min(of_kind, key=lambda one: one.milliseconds.median, default=None)


@dataclass(frozen=True)
class Report:
    """All that one measurement found on one machine.

    Parameters
    ----------
    activations
        Packed networks alike but for their activation, ``sign`` and ``design``: batch 1, one
        thread, taking turns.
    waited
        Share of its time that the measurement waited for a processor, 0 to 1; None if unknown.
    compiled
        Whether ``torch.compile`` competed too.
    cpu
        See `design_core.engine.cpu.cpu_facts`.
    date
        ISO 8601, UTC.
    rivals
        What else one would deploy; empty in reports of before they were measured.
    missing
        Packages that were not installed, so that their contenders are not among the rivals.
    """

    layers: tuple[LayerTime, ...]
    networks: tuple[NetworkTime, ...]
    activations: Mapping[str, Turns]
    waited: float | None
    torch: str
    compiled: bool
    cpu: Mapping[str, Any]
    date: str
    rivals: tuple[Rival, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def design_over_sign(self) -> float:
        """Time of DeSign over that of Sign, of each the turn that nothing disturbed."""
        return self.activations["design"].least / self.activations["sign"].least

    @property
    def disturbed(self) -> bool:
        """Whether other programs took so much time that the figures are not to be believed."""
        return self.waited is not None and self.waited > _CALM

    @property
    def combinations(self) -> list[tuple[int, int]]:
        """Pairs of batch and threads that were measured."""
        return sorted({(one.batch, one.threads) for one in self.networks})

    def layers_at(self, batch: int, threads: int) -> list[LayerTime]:
        """The layers at one batch size and number of threads."""
        return [one for one in self.layers if (one.batch, one.threads) == (batch, threads)]

    def networks_at(self, batch: int, threads: int) -> list[NetworkTime]:
        """The networks at one batch size and number of threads."""
        return [one for one in self.networks if (one.batch, one.threads) == (batch, threads)]

    @property
    def rival_sizes(self) -> list[tuple[int, int]]:
        """Pairs of width and batch at which contenders were compared."""
        return sorted({(one.width, one.batch) for one in self.rivals})

    def rivals_at(self, width: int, batch: int) -> list[Rival]:
        """All contenders of one width and batch."""
        return [one for one in self.rivals if (one.width, one.batch) == (width, batch)]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, with the ratios."""
        plain = asdict(self)
        for kind in ("layers", "networks"):
            for written, one in zip(plain[kind], getattr(self, kind), strict=True):
                written["ratio"] = one.ratio
        return plain | {"design_over_sign": self.design_over_sign}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Report:
        """The inverse of `to_dict`.

        Raises
        ------
        ValueError
            Something else.
        """
        try:
            return cls(
                layers=tuple(
                    LayerTime(**_own(LayerTime, one) | {"shape": tuple(one["shape"])})
                    for one in plain["layers"]
                ),
                networks=tuple(
                    NetworkTime(
                        **_own(NetworkTime, one)
                        | {"parts": tuple(Part(**part) for part in one["parts"])}
                    )
                    for one in plain["networks"]
                ),
                activations={key: Turns(**turns) for key, turns in plain["activations"].items()},
                **{key: plain[key] for key in ("waited", "torch", "compiled", "cpu", "date")},
                rivals=tuple(
                    Rival(**_own(Rival, one) | {"milliseconds": Turns(**one["milliseconds"])})
                    for one in plain.get("rivals", ())
                ),
                missing=tuple(plain.get("missing", ())),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"Not a report of the engine's speed: {error!r}.") from error


def _own(kind: type, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that are fields of a dataclass."""
    return {field.name: plain[field.name] for field in fields(kind)}


def read_report(path: Path) -> Report:
    """What ``bench --out`` wrote; ValueError of something else."""
    return Report.from_dict(json.loads(path.read_text(encoding="utf-8")))


@cache
def recorded() -> Report:
    """What ``bench --out`` wrote into the library's measured figures; on some machine."""
    return read_report(RECORD)


@cache
def recorded_elsewhere() -> tuple[Report, ...]:
    """Earlier records of other processors."""
    return tuple(read_report(path) for path in sorted(RECORD.parent.glob("speed-*.json")))


def joined(kept: Report, new: Report) -> Report:
    """A report measured in pieces: `new`, and of `kept` what was not measured anew.

    Raises
    ------
    ValueError
        The two are of different processors or of different PyTorch.
    """
    for what, one, other in (
        ("processors", kept.cpu, new.cpu),
        ("versions of PyTorch", kept.torch, new.torch),
    ):
        if one != other:
            raise ValueError(
                f"A report is of one machine: {what} differ, {one} and {other}. Write to another "
                "file, or measure all of it."
            )
    waited = [one.waited for one in (kept, new) if one.waited is not None]
    return replace(
        new,
        layers=_renewed(kept.layers, new.layers, lambda one: (one.batch, one.threads, one.name)),
        networks=_renewed(
            kept.networks, new.networks, lambda one: (one.batch, one.threads, one.name)
        ),
        rivals=_renewed(
            kept.rivals, new.rivals, lambda one: (one.width, one.batch, one.kind, one.name)
        ),
        waited=max(waited, default=None),
        compiled=kept.compiled and new.compiled,
        missing=new.missing,
    )


def _renewed(
    kept: Sequence[Entry], new: Sequence[Entry], key: Callable[[Entry], object]
) -> tuple[Entry, ...]:
    """Entries by their keys; places of the kept ones stay."""
    entries = {key(one): one for one in kept} | {key(one): one for one in new}
    return tuple(entries.values())


def finding(report: Report, network: NetworkTime) -> str:
    """What one bit per activation buys, in a sentence."""
    if report.disturbed:
        return (
            f"The measurement waited {report.waited:.0%} of its time for a processor: do not "
            "believe these figures."
        )
    kind = network.name.partition(",")[0]
    ratio = network.ratio
    speed = (
        f"{_factor(ratio)} × as fast as in float32"
        if ratio >= 1
        else f"{_factor(1 / ratio)} × as slow as in float32"
    )
    file = f"from a file {_factor(network.size_ratio)} × smaller"
    return f"On {report.cpu['name']}, a binary {kind} runs {speed}, {file}."


def fastest_in_words(report: Report, width: int, batch: int) -> str:
    """The fastest contender of each kind, and how long others take beside this engine."""
    rivals = report.rivals_at(width, batch)
    leaders = (fastest(rivals, kind) for kind in RIVAL_KINDS)
    told = [f"{one.kind} {one.milliseconds.median:.3g} ms ({one.name})" for one in leaders if one]
    return f"Width {width}, batch {batch}, the fastest of each kind: {', '.join(told)}."


def leader_in_words(report: Report, width: int, batch: int) -> str:
    """How long the fastest of the others take beside this engine, kind by kind."""
    rivals = report.rivals_at(width, batch)
    (ours,) = (one for one in rivals if one.name == ENGINE)
    others = [one for one in rivals if one is not ours]
    told = [
        f"{one.kind} {one.milliseconds.median / ours.milliseconds.median:.1f} × ({one.name})"
        for kind in reversed(RIVAL_KINDS)
        if (one := fastest(others, kind))
    ]
    ahead = all(ours.milliseconds.median <= one.milliseconds.median for one in others)
    standing = "this engine is the fastest" if ahead else "this engine is **not** the fastest"
    return (
        f"Width {width}, batch {batch}: {standing}. Of its time the others take: {', '.join(told)}."
    )


def _factor(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
