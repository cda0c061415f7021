"""What a measurement of the engine found as Markdown: the tables of the results page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from design_core.engine.report import (
    RIVAL_KINDS,
    LayerTime,
    NetworkTime,
    Report,
    Rival,
    fastest,
    leader_in_words,
)

__all__ = ["speed_markdown"]


def speed_markdown(report: Report, elsewhere: Sequence[Report] = ()) -> str:
    """Layers and networks against float32, then all contenders, on one thread.

    Parameters
    ----------
    elsewhere
        Reports of other processors, beside which the first table stands.
    """
    among = "".join(f"\n{line}" for line in _among(report)) if report.rivals else ""
    return "\n".join(_against_float32([report, *elsewhere])) + "\n" + among


def _against_float32(reports: Sequence[Report]) -> Iterator[str]:
    yield "Times as fast as PyTorch float32:"
    yield ""
    columns = [
        (report, batch)
        for report in reports
        for batch, threads in report.combinations
        if threads == 1
    ]
    heads = [f"{report.cpu['name']}, batch {batch}" for report, batch in columns]
    yield f"| | {' | '.join(heads)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for name in _names(reports[0]):
        cells = [_ratio(report, name, batch) for report, batch in columns]
        yield f"| `{name}` | {' | '.join(cells)} |"
    yield ""
    told = [f"{one.cpu['name']} on {_day(one)} with PyTorch {_version(one)}" for one in reports]
    yield f"Measured: {'; '.join(told)}."


def _names(report: Report) -> list[str]:
    """Layers and networks, in the order in which they were measured."""
    layers = [one.name for one in report.layers]
    return list(dict.fromkeys(layers + [one.name for one in report.networks]))


def _ratio(report: Report, name: str, batch: int) -> str:
    measured: tuple[LayerTime | NetworkTime, ...] = (*report.layers, *report.networks)
    for one in measured:
        if (one.name, one.batch, one.threads) == (name, batch, 1):
            return f"{one.ratio:.1f} × ({one.fp32_ms:.3g} → {one.packed_ms:.2g} ms)"
    return "–"


def _day(report: Report) -> str:
    return datetime.fromisoformat(report.date).strftime("%-d %B %Y")


def _version(report: Report) -> str:
    return report.torch.partition("+")[0]


def _among(report: Report) -> Iterator[str]:
    sizes = report.rival_sizes
    yield (
        "All ways to deploy such a network, medians in milliseconds; bold: the fastest of its kind."
    )
    yield ""
    heads = [f"width {width}, batch {batch}" for width, batch in sizes]
    yield f"| | {' | '.join(heads)} |"
    yield "|---" * (len(sizes) + 1) + "|"
    for kind, name in dict.fromkeys((one.kind, one.name) for one in report.rivals):
        cells = [_time(report.rivals_at(*size), kind, name) for size in sizes]
        yield f"| {kind}: {name} | {' | '.join(cells)} |"
    yield ""
    for width, batch in sizes:
        yield f"- {leader_in_words(report, width, batch)}"
    yield ""


def _time(rivals: Sequence[Rival], kind: str, name: str) -> str:
    leaders = {fastest(rivals, each) for each in RIVAL_KINDS}
    for one in rivals:
        if (one.kind, one.name) == (kind, name):
            text = f"{one.milliseconds.median:.3g}"
            return f"**{text}**" if one in leaders else text
    return "–"
