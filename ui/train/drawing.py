"""Two networks under way as pictures: curves on axes that stand still, maps, weights, confusion.

All is markup of our own: vectors, so that bits stay bits and nothing blinks when it is renewed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from design_core.jobs.contest import binned
from design_core.jobs.queue import Look
from design_core.output.drawing import pixels_png
from design_core.training.snapshot import Snapshot
from design_core.zoo.naming import say_class
from ui.text import sentence_html

__all__ = ["contest_html", "samples_html"]

_WIDTH, _HEIGHT = 420, 190  # of a chart, in its own units
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 10, 26
_MOST_FLIPS = 0.2
_CELL = 9  # of a weight
_NAMED = 12  # classes that confusion names

Curve = Sequence[tuple[float, float]]


def contest_html(
    look: Look, names: Sequence[str], colours: Sequence[str], classes: Sequence[str]
) -> str:
    """Everything that is to be seen of two networks."""
    charts = [
        _chart(
            "Right on the test pictures",
            [[(step, 100 * share) for step, share in side.tested] for side in look.sides],
            look,
            names,
            colours,
            top=100,
            unit=" %",
        ),
        _chart(
            "Loss of the batches",
            [binned(side.losses, look.steps) for side in look.sides],
            look,
            names,
            colours,
            top=ceil(2 * log(len(classes)) + 1) / 2,
            unit="",
        ),
        _chart(
            "Weights that flip, per epoch",
            [
                [
                    ((k + 1) * look.steps_per_epoch, 100 * min(ratio, _MOST_FLIPS))
                    for k, ratio in enumerate(side.flips)
                ]
                for side in look.sides
            ],
            look,
            names,
            colours,
            top=100 * _MOST_FLIPS,
            unit=" %",
        ),
    ]
    cards = [
        _card(side, name, colour, classes)
        for side, name, colour in zip(look.sides, names, colours, strict=True)
    ]
    return (
        f'<div class="tr"><div class="tr-charts">{"".join(charts)}</div>'
        f'<div class="tr-cards">{"".join(cards)}</div></div>'
    )


def samples_html(samples: Sequence[NDArray[np.uint8]], classes: Sequence[str]) -> str:
    """A row of pictures of each class."""
    rows = []
    for pictures, label in zip(samples, classes, strict=True):
        shown = "".join(f'<img alt="" src="{_uri(picture)}">' for picture in pictures)
        rows.append(f"<div><span>{escape(say_class(label))}</span><p>{shown}</p></div>")
    alt = "Pictures of each class"
    return f'<div class="ds-classes" role="img" aria-label="{alt}">{"".join(rows)}</div>'


def _uri(pixels: NDArray[np.uint8]) -> str:
    shown = pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)
    return f"data:image/png;base64,{b64encode(pixels_png(shown)).decode()}"


def _chart(
    title: str,
    curves: Sequence[Curve],
    look: Look,
    names: Sequence[str],
    colours: Sequence[str],
    *,
    top: float,
    unit: str,
) -> str:
    """Curves over all the steps to come, on axes that stay as they are from the first step on."""
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(step: float, value: float) -> str:
        x = _LEFT + wide * step / look.steps
        return f"{x:.1f},{_TOP + high * (1 - min(value, top) / top):.1f}"

    lines = "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:g}{unit}</text>'
        for share in (0, 0.5, 1)
        for y in (_TOP + high * (1 - share),)
    )
    drawn, legend, told = "", "", []
    for curve, name, colour in zip(curves, names, colours, strict=True):
        points = " ".join(place(*point) for point in curve)
        drawn += f'<polyline points="{points}" style="stroke:{colour}"/>'
        value = "–"
        if curve:
            x, y = place(*curve[-1]).split(",")
            drawn += f'<circle cx="{x}" cy="{y}" r="3.5" style="fill:{colour}"/>'
            value = f"{curve[-1][1]:.2f}" if not unit else f"{curve[-1][1]:.1f}{unit}"
        legend += f'<li style="--c:{colour}"><span>{escape(name)}</span><b>{value}</b></li>'
        told.append(f"{name} {value}")
    last = f'x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end"'
    steps = f"<text {last}>{look.steps:,} steps</text>"
    alt = escape(f"{title}, after {look.done} of {look.steps} steps: {'; '.join(told)}", quote=True)
    return (
        f'<figure><h2>{escape(title)}</h2><ul>{legend}</ul><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'role="img" aria-label="{alt}"><g class="tr-axes">{lines}'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">0</text>{steps}</g><g class="tr-lines">{drawn}</g>'
        "</svg></figure>"
    )


def _card(side: Snapshot, name: str, colour: str, classes: Sequence[str]) -> str:
    return (
        f'<section style="--c:{colour}"><h2>{escape(name)}</h2><div class="tr-parts">'
        f"{_maps(side)}{_weights(side)}{_density(side)}{_confusion(side, classes)}</div></section>"
    )


def _maps(side: Snapshot) -> str:
    height, width = side.maps.shape[1:]
    share = 100 * float(side.maps.mean())
    maps = "".join(
        f'<svg viewBox="0 0 {width} {height}" class="tr-map" aria-hidden="true">'
        f'<rect width="{width}" height="{height}" class="tr-off"/>'
        f'<path class="tr-on" d="{_runs(bits)}"/></svg>'
        for bits in side.maps
    )
    return (
        "<figure><h3>First maps of one test picture</h3>"
        f'<div class="tr-row" role="img" aria-label="{len(side.maps)} maps of bits, '
        f'{share:.0f} % of them fire"><img alt="" class="tr-map" src="{_uri(side.picture)}">'
        f"{maps}</div>"
        "</figure>"
    )


def _runs(bits: NDArray[np.bool_]) -> str:
    """Rows of bits that fire, as a path."""
    path = []
    for row, line in enumerate(bits):
        ends = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
        path += [
            f"M{a} {row}h{b - a}v1h{a - b}z" for a, b in zip(ends[::2], ends[1::2], strict=True)
        ]
    return "".join(path)


def _weights(side: Snapshot) -> str:
    """Latent weights above, and the bits that they are below."""
    if not len(side.weights):
        return ""
    count, rows, columns = side.weights.shape
    step = _CELL * columns + 5
    latent = bits = ""
    for k, window in enumerate(side.weights):
        for i, line in enumerate(window):
            for j, value in enumerate(line):
                at = f'x="{k * step + j * _CELL}" width="{_CELL}" height="{_CELL}"'
                strength = min(1.0, abs(float(value)) / 0.5)
                kind = "tr-plus" if value >= 0 else "tr-minus"
                latent += f'<rect {at} y="{i * _CELL}" class="{kind}" opacity="{strength:.2f}"/>'
                below = rows * _CELL + 8 + i * _CELL
                bits += f'<rect {at} y="{below}" class="{"tr-on" if value >= 0 else "tr-off"}"/>'
    width, height = count * step - 5, 2 * rows * _CELL + 8
    positive = int((side.weights >= 0).sum())
    return (
        "<figure><h3>Latent weights, and their bits</h3>"
        f'<svg viewBox="0 0 {width} {height}" class="tr-weights" role="img" aria-label="{count} '
        f'windows of the first binary layer; {positive} of {side.weights.size} weights are +1">'
        f"{latent}{bits}</svg></figure>"
    )


def _density(side: Snapshot) -> str:
    rows = "".join(
        f"<li><span>{escape(block)}</span><i><i style='width:{100 * share:.1f}%'></i></i>"
        f"<b>{100 * share:.0f}&nbsp;%</b></li>"
        for block, share in side.density.items()
    )
    return f"<figure><h3>Activation density</h3><ul class='tr-density'>{rows}</ul></figure>"


def _confusion(side: Snapshot, classes: Sequence[str]) -> str:
    count = len(classes)
    each = side.confusion / np.maximum(1, side.confusion.sum(1, keepdims=True))
    names = count <= _NAMED
    longest = 8 if count > 4 else 14
    room = 8 + 6.2 * min(longest, max(len(say_class(one)) for one in classes)) if names else 0
    size = 150 / count
    cells = "".join(
        f'<rect x="{room + j * size:.2f}" y="{i * size:.2f}" width="{size:.2f}" '
        f'height="{size:.2f}" '
        f'class="{"tr-right" if i == j else "tr-wrong"}" opacity="{each[i, j]:.2f}">'
        f"<title>{escape(say_class(classes[i]))} taken for {escape(say_class(classes[j]))}: "
        f"{side.confusion[i, j]}</title></rect>"
        for i in range(count)
        for j in range(count)
        if side.confusion[i, j]
    )
    labels = "".join(
        f'<text x="{room - 5:.1f}" y="{(i + 0.5) * size + 3.5:.1f}" text-anchor="end">'
        f"{escape(_cut(say_class(label), longest))}</text>"
        for i, label in enumerate(classes)
        if names
    )
    right = int(side.confusion.trace())
    alt = f"Confusion: {right} of {int(side.confusion.sum())} right; rows are the true classes"
    return (
        "<figure><h3>True class, taken for</h3>"
        f'<svg viewBox="0 0 {room + 150:.1f} 150" class="tr-confusion" role="img" '
        f'aria-label="{sentence_html(alt)}"><rect x="{room:.1f}" width="150" height="150" '
        f'class="tr-frame"/>{cells}{labels}</svg></figure>'
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
