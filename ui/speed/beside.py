"""The engine beside what else one would deploy: times in a table, and what each gets right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

import streamlit as st

from design_core.engine.report import RIVAL_KINDS, Report, Rival, fastest
from design_core.paths import RESOURCES
from design_core.zoo.card import Card
from ui.networks import zoo_cards
from ui.speed.charts import milliseconds
from ui.text import plain

__all__ = ["beside_answer"]

#: The network whose accuracy stands beside that of int8: of the same width, data and recipe.
_OURS = "cifar10-vgg_small-w32-design_2x2-v2-affine_on"


@cache
def _int8() -> Mapping[str, Any]:
    """What ``benchmarks/int8_accuracy.py`` found."""
    path = RESOURCES / "measured" / "int8_accuracy.json"
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def beside_answer(report: Report, batch: int) -> None:
    """Times of all ways to deploy such a network, at one batch size, and their accuracy."""
    if not report.rivals:
        st.markdown(
            "The recorded figures do not have this yet: press **Measure on this machine**.\n\n"
            + _accuracy(_ours())
        )
        return
    widths = sorted({width for width, _ in report.rival_sizes})
    words, table = st.columns([2, 3], gap="large")
    words.markdown("\n\n".join(_words(report, widths, batch)))
    with table:
        st.html(_table(report, widths, batch))


def _words(report: Report, widths: Sequence[int], batch: int) -> list[str]:
    told = [f"**{_lead(report.rivals_at(width, batch), width)}**" for width in widths]
    told.append(
        f"Medians of turns on {plain(report.cpu['name'])}, one thread, batch {batch}. float32 and "
        "int8 are ReLU networks without bits, of as many layers and channels."
    )
    told.append(_accuracy(_ours()))
    told.append(
        "The 1-bit layer of OpenVINO is fed by `export --to openvino`; no other converter writes "
        "it. Processors with AMX multiply int8 many times faster than this one; there int8 may win."
    )
    if report.missing:
        told.append(f"Not installed, so not measured: {plain(', '.join(report.missing))}.")
    return told


def _ours() -> Card | None:
    return {card.name: card for card in zoo_cards()}.get(_OURS)


def _lead(rivals: Sequence[Rival], width: int) -> str:
    """How much longer the fastest of the other kinds take than the fastest of bits."""
    bits = fastest(rivals, RIVAL_KINDS[-1])
    assert bits is not None
    ratios = [
        f"{one.milliseconds.median / bits.milliseconds.median:.1f} × as fast as {kind}"
        for kind in RIVAL_KINDS[:-1]
        if (one := fastest(rivals, kind)) is not None
    ]
    return f"At width {width}, one bit is {' and '.join(ratios)}, of each the fastest."


def _accuracy(ours: Card | None) -> str:
    found = _int8()
    right = found["right"]["int8, ONNX Runtime"] / found["test"]
    sentence = (
        f"**The price is accuracy.** A ReLU network of width 32, real weights, gets {right:.1%} of "
        f"{found['data']} right in int8, as in float32 ({found['epochs']} epochs, one seed, the "
        "last epoch)"
    )
    if ours is None:
        return f"{sentence}."
    seeds = [ours.result(seed).right for seed in ours.seeds]
    mean = sum(seeds) / len(seeds) / ours.data["test"]
    return (
        f"{sentence}; the binary one with DeSign {mean:.1%} ({len(seeds)} seeds, as many epochs)."
    )


def _table(report: Report, widths: Sequence[int], batch: int) -> str:
    by_width = {width: report.rivals_at(width, batch) for width in widths}
    rows = dict.fromkeys((one.kind, one.name) for each in by_width.values() for one in each)
    best = {fastest(each, kind) for each in by_width.values() for kind in RIVAL_KINDS}

    def cell(kind: str, name: str, width: int) -> str:
        of_row = (one for one in by_width[width] if (one.kind, one.name) == (kind, name))
        one = next(of_row, None)
        if one is None:
            return "–"
        text = milliseconds(one.milliseconds.median).removesuffix(" ms")
        return f"<strong>{text}&nbsp;★</strong>" if one in best else text

    body = "".join(
        f"<tr><th scope=row>{escape(kind)}: {escape(name)}</th>"
        + "".join(f"<td>{cell(kind, name, width)}</td>" for width in widths)
        + "</tr>"
        for kind, name in rows
    )
    head = "".join(f"<th scope=col>width {width}</th>" for width in widths)
    return (
        f'<table class="ds-facts"><thead><tr><th scope=col>ms at batch {batch}, ★ the fastest of '
        f"its kind</th>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
