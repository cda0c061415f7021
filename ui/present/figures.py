"""Scenes of pages whose views are charts and answers: finished figures, as HTML for any page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import streamlit as st

from design_core.engine.report import LayerTime, NetworkTime, recorded
from design_core.engine.report import finding as speed_finding
from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.lab.agreement import Answer, agreement
from design_core.lab.network_input import seen
from design_core.output.batch import Row, Settings, batch_rows
from design_core.pictures.items import Item
from design_core.pictures.samples import SAMPLES, sample, sample_names
from design_core.search.block_tables import random_convolution_tables
from design_core.search.front import Front, tv_information_front
from design_core.study.evidence import answers, verdict
from design_core.study.picture_cuts import picture_sentences
from design_core.zoo.arms import arm_of, picture_arm
from ui.batch import keys as batch_keys
from ui.batch.address import BATCH
from ui.batch.chart import kept_words
from ui.charts import ink
from ui.compare import keys as compare_keys
from ui.compare.address import COMPARE, PICTURES
from ui.design import keys as design_keys
from ui.design.address import DESIGN
from ui.figures import kernel_image
from ui.learn.contents import hidden_chart, pictures_chart
from ui.networks import predictions, zoo_cards
from ui.predict import keys as predict_keys
from ui.predict.address import PREDICT
from ui.predict.answers import answers_html, seen_html
from ui.predict.asked import subject_of
from ui.predict.picture import Chosen
from ui.pytorch import has_pytorch
from ui.rail import keys as rail_keys
from ui.scenes import kernel_of
from ui.speed import keys as speed_keys
from ui.speed.address import SPEED
from ui.speed.answers import main_network
from ui.train import keys as train_keys
from ui.train.address import ACTIVATION, DESK, TRAIN

__all__ = ["Drawn", "draws", "figure_of"]

_WIDE, _ROW, _LABEL = 900, 46, 220  # of a chart, in units of its drawing
_SAMPLES = 10  # of each class


@dataclass(frozen=True)
class Drawn:
    """A figure, and what it says."""

    sentence: str
    html: str


def draws(page: str) -> bool:
    """Whether views of this page become figures."""
    return page in _DRAWN


def figure_of(link: str) -> Drawn:
    """The figure behind a link.

    Raises
    ------
    ValueError
        Another page, or a view that cannot be shown here.
    """
    page, _, query = link.partition("?")
    if page not in _DRAWN:
        raise ValueError(f"The stage shows no view of the page {page[:20]!r}. Take the scene out.")
    address, draw = _DRAWN[page]
    reading = address.reading(dict(parse_qsl(query)))
    if reading.ignored:
        raise ValueError(f"This scene cannot be shown here: {reading.ignored[0]}.")
    return draw(reading.entries)


# --- Predict


def _predict(state: Mapping[str, Any]) -> Drawn:
    chosen = _chosen(state)
    subject = subject_of(chosen, list(state[predict_keys.NETWORKS]))
    found = predictions(subject.picture, subject.references)
    told = [found[reference] for reference in subject.references]
    said = [Answer(name, one.probabilities) for name, one in zip(subject.names, told, strict=True)]
    cut = any(entry.picture != "real" for entry in subject.entries)
    pictures = seen_html(chosen, seen(chosen.picture, subject.form), cut=cut)
    return Drawn(
        agreement(said, subject.true_class),
        f'<div class="ds-predict">{pictures}{answers_html(subject, told)}</div>',
    )


def _chosen(state: Mapping[str, Any]) -> Chosen:
    if state[predict_keys.WAY] == "Sample":
        about = SAMPLES[state[predict_keys.SAMPLE]]
        return Chosen(sample(about.name), about.title, about.alt, about.label, about.name)
    kept: Chosen | None = st.session_state.get(predict_keys.CHOSEN)
    if kept is None:
        raise ValueError(
            "The picture of this scene is not here. Open the scene on Predict and choose it again."
        )
    return kept


# --- Compare


def _compare(state: Mapping[str, Any]) -> Drawn:
    cards = zoo_cards()
    if state.get(compare_keys.PANEL) == PICTURES:
        told = next((sentence for _, sentence in picture_sentences(cards)), "")
        return Drawn(told or "No network of one-bit pictures yet.", _dots(pictures_chart(cards)))
    return Drawn(verdict(answers(cards)), _dots(hidden_chart(cards)))


def _dots(chart: Mapping[str, Any] | None) -> str:
    """Rows of dots, one for each seed, their interval behind them, as SVG."""
    if chart is None:
        return ""
    rows = chart["rows"]
    values = [value for row in rows for value in row["values"]]
    low, high = np.floor(min(values) - 0.5), np.ceil(max(values) + 0.5)

    def x(value: float) -> float:
        share = (min(high, max(low, value)) - low) / (high - low)
        return float(_LABEL + share * (_WIDE - _LABEL - 110))

    parts = []
    for place, row in enumerate(rows):
        y = _ROW * (place + 0.5)
        colour = getattr(ink(), row["colour"], row["colour"])
        parts.append(_line(x(low), y, x(high), y, ink().bars, 1))
        if row["interval"]:
            first, last = row["interval"]
            parts.append(_line(x(first), y, x(last), y, colour, 8, opacity=0.35))
        parts += [
            f'<circle cx="{x(value):.1f}" cy="{y}" r="8" fill="{colour}"/>'
            for value in row["values"]
        ]
        mean = sum(row["values"]) / len(row["values"])
        parts.append(_text(_LABEL - 16, y + 6, row["label"], "end"))
        parts.append(_text(_WIDE, y + 6, f"{mean:.1f} %", "end"))
    base = _ROW * len(rows) + 20
    parts += [_text(x(low), base, f"{low:g} %", "middle"), _text(x(high), base, f"{high:g} %")]
    alt = "; ".join(
        f"{row['label']}: {', '.join(f'{v:.1f}' for v in row['values'])}" for row in rows
    )
    return _svg(parts, base + 12, f"{chart['title']}. {alt} percent.", chart["title"])


# --- Design


@st.cache_resource(show_spinner=False)
def _plane() -> Front:
    """All 2×2 kernels after ReLU, on random binary convolutions; exact."""
    return tv_information_front(random_convolution_tables(OMEGA, form="relu"))


def _design(state: Mapping[str, Any]) -> Drawn:
    kernel: ThresholdKernel = state[design_keys.LINKED_KERNEL]
    front = _plane()
    same = (
        np.flatnonzero((front.levels == kernel.levels[0]).all(axis=(1, 2)))
        if (kernel.shape == (1, 2, 2))
        else np.array([], int)
    )
    name = kernel.name or f"[{kernel}]"
    if not same.size:
        told = f"{name}: {kernel.shape[1]} by {kernel.shape[2]} thresholds."
        return Drawn(told, f'<div class="ds-stage-kernel">{kernel_image(kernel, cell=96)}</div>')
    place = int(same[0])
    tv, kept = float(front.tv[place]), float(front.information[place])
    rank = int((front.tv > tv + 1e-9).sum()) + 1
    told = (
        f"Of all {len(front.tv):,} kernels of 2×2, {name} has rank {rank:,} by total variation, "
        f"and keeps {kept:.2f} bits per pixel."
    )
    return Drawn(
        told,
        f'<div class="ds-stage-plane"><div class="ds-stage-kernel">{kernel_image(kernel, cell=96)}'
        f"</div>{_scatter(front, place)}</div>",
    )


def _scatter(front: Front, chosen: int) -> str:
    """Total variation against information, every kernel a point."""
    wide, tall, edge = 640, 400, 44
    most_tv, most_kept = float(front.tv.max()), float(front.information.max())

    def at(place: int) -> tuple[float, float]:
        x = edge + float(front.tv[place]) / most_tv * (wide - edge - 12)
        y = tall - edge - float(front.information[place]) / most_kept * (tall - edge - 12)
        return x, y

    drawn = sorted({tuple(round(value) for value in at(place)) for place in range(len(front.tv))})
    parts = [f'<circle cx="{x}" cy="{y}" r="3" fill="{ink().quiet}"/>' for x, y in drawn]
    x, y = at(chosen)
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{ink().this}"/>')
    parts += [
        _line(edge, tall - edge, wide - 12, tall - edge, ink().text, 1),
        _line(edge, 12, edge, tall - edge, ink().text, 1),
        _text(wide - 12, tall - 14, f"total variation, to {most_tv:.2f}", "end"),
        _text(edge + 8, 24, f"bits per pixel, to {most_kept:.2f}"),
    ]
    alt = (
        f"All {len(front.tv):,} kernels by total variation and information; this one at "
        f"{front.tv[chosen]:.3f} and {front.information[chosen]:.3f}."
    )
    return _svg(parts, tall, alt, "", wide=wide)


# --- Speed


def _speed(state: Mapping[str, Any]) -> Drawn:
    report = recorded()
    batch, threads = state[speed_keys.BATCH], state[speed_keys.THREADS]
    if (batch, threads) not in report.combinations:
        batch, threads = report.combinations[0]
    network = main_network(report, batch, threads)
    times: list[LayerTime | NetworkTime] = [
        *report.layers_at(batch, threads),
        *report.networks_at(batch, threads),
    ]
    most = max(one.ratio for one in times)
    parts = []
    for place, one in enumerate(times):
        y = 34 * place
        width = one.ratio / most * (_WIDE - 2 * _LABEL)
        parts.append(
            f'<rect x="{2 * _LABEL - 80}" y="{y + 6}" width="{width:.1f}" height="20" '
            f'fill="{ink().this}"/>'
        )
        parts.append(_text(2 * _LABEL - 92, y + 22, one.name, "end"))
        parts.append(_text(2 * _LABEL - 72 + width, y + 22, f"{one.ratio:.1f} ×"))
    alt = "; ".join(f"{one.name}: {one.ratio:.1f} times" for one in times)
    return Drawn(
        speed_finding(report, network),
        _svg(parts, 34 * len(times) + 8, f"As fast as float32. {alt}.", "Times as fast as float32"),
    )


# --- Train and Batch


def _train(state: Mapping[str, Any]) -> Drawn:
    """What both learn from; how they learn is for Train itself."""
    if not has_pytorch():
        raise ValueError("Train needs PyTorch, which is not installed here.")
    from design_core.jobs.pictures import samples_by_class
    from ui.train.drawing import samples_html
    from ui.train.pictures import embedded

    data = embedded(state[train_keys.SOURCE])
    if data is None:
        raise ValueError("Pictures of your own stay on Train; choose digits or textures there.")
    differs = state[train_keys.DIFFERS]
    find = arm_of if differs == ACTIVATION else picture_arm
    left, right = (
        "your kernel of Design" if option == DESK else find(option).short
        for option in (state[f"train_{differs}_{side}"] for side in (0, 1))
    )
    return Drawn(
        f"{left} and {right} learn side by side, from {len(data.train_x):,} pictures of "
        f"{len(data.class_names)} classes.",
        samples_html(samples_by_class(data, _SAMPLES), data.class_names),
    )


def _batch(state: Mapping[str, Any]) -> Drawn:
    names = [name for group in state[batch_keys.SAMPLES] for name in sample_names(group)]
    if not names:
        raise ValueError("Pictures of your own stay on Batch; choose embedded samples there.")
    kernel, fitted = kernel_of(state)
    settings = Settings(
        kernel,
        fitted,
        state[rail_keys.LONGEST],
        state[rail_keys.SOURCE],
        state[rail_keys.MAPS],
        state[rail_keys.SEED],
    )
    rows = _batch_rows(tuple(names), settings)
    return Drawn(f"{kept_words(rows)}.", _kept(rows))


@st.cache_resource(
    max_entries=8,
    show_spinner="Scoring pictures …",
    hash_funcs={Settings: lambda one: (str(one.kernel.to_dict()), repr(one))},
)
def _batch_rows(names: tuple[str, ...], settings: Settings) -> list[Row]:
    """Samples belong to everybody."""
    items = [Item(name, partial(sample, name)) for name in names]
    with closing(batch_rows(items, settings)) as coming:
        return list(coming)


def _kept(rows: Sequence[Row]) -> str:
    """A point for each picture: Sign's bits per pixel against DeSign's; above the line it gains."""
    wide, tall, edge = 640, 440, 48
    pairs = [(row.scores["sign_entropy"], row.scores["design_entropy"]) for row in rows]
    end = 1.05 * max(max(pair) for pair in pairs) or 1.0

    def at(sign: float, design: float) -> tuple[float, float]:
        return (
            edge + sign / end * (wide - edge - 12),
            tall - edge - design / end * (tall - edge - 12),
        )

    parts = [_line(*at(0, 0), *at(end, end), ink().sign, 1)]
    for pair in pairs:
        x, y = at(*pair)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="{ink().this}"/>')
    parts += [
        _line(edge, tall - edge, wide - 12, tall - edge, ink().text, 1),
        _line(edge, 12, edge, tall - edge, ink().text, 1),
        _text(wide - 12, tall - 14, f"Sign, bits per pixel, to {end:.2f}", "end"),
        _text(edge + 8, 24, "DeSign, bits per pixel"),
    ]
    told = "; ".join(
        f"{row.name}: {sign:.2f} and {design:.2f}"
        for row, (sign, design) in zip(rows, pairs, strict=True)
    )
    return _svg(parts, tall, f"Bits per pixel by Sign and by DeSign. {told}.", "", wide=wide)


# --- drawing


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, width: float, *, opacity: float = 1.0
) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" opacity="{opacity}" stroke-linecap="round"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{ink().text}" '
        f'font-size="18">{escape(text)}</text>'
    )


def _svg(parts: list[str], height: float, alt: str, title: str, *, wide: int = _WIDE) -> str:
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {height:.0f}" '
        f'width="{wide}" height="{height:.0f}" font-family="Source Sans, system-ui, sans-serif">'
        f"{''.join(parts)}</svg>"
    )
    data = base64.b64encode(drawing.encode()).decode()
    heading = f"<figcaption>{escape(title)}</figcaption>" if title else ""
    return (
        f'<figure class="ds-stage-figure">{heading}<img src="data:image/svg+xml;base64,{data}" '
        f'alt="{escape(alt, quote=True)}"></figure>'
    )


_DRAWN: dict[str, tuple[Any, Callable[[Mapping[str, Any]], Drawn]]] = {
    "predict": (PREDICT, _predict),
    "compare": (COMPARE, _compare),
    "design": (DESIGN, _design),
    "speed": (SPEED, _speed),
    "train": (TRAIN, _train),
    "batch": (BATCH, _batch),
}
