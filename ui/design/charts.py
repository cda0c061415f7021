"""The charts of the Design page. They draw what they are given; the page writes their titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go

from design_core.search.objectives import TERMS
from design_core.search.sizes import SizeRow
from ui.charts import LABEL, Ink, beside, frame, ink, translucent
from ui.design.landscapes import Judged, Listing, Plane

__all__ = ["landscape_chart", "plane_chart", "sizes_chart"]

_ROW = 15  # height of a row of labels, pixels
_LETTER = 0.011  # width of a letter as a share of the plot
_PLANE_HEIGHT = 350
_PLANE_PIXELS = 240  # height of the plane's highest label
_NEAR = 0.25  # labels closer than this in total variation may run into each other

_AXES = {
    "tv": "total variation, edges per pixel",
    "information": "information, bits per pixel",
}


def landscape_chart(listing: Listing, judged: Judged, *, objective: str) -> go.Figure:
    """How many kernels have which score, where this one stands, and where the published.

    `customdata` holds a bar's number.
    """
    colours = ink()
    centres = (listing.edges[:-1] + listing.edges[1:]) / 2
    width = float(listing.edges[1] - listing.edges[0])
    chart = go.Figure(
        go.Bar(
            x=centres.astype(np.float32),
            y=listing.counts.astype(np.float32),
            width=width,
            marker={"color": colours.bars, "line": {"width": 0}},
            customdata=np.arange(len(centres), dtype=np.int32),
            **_label_of(listing),
        )
    )
    marks = [(one.score, one.kernel.name, colours.published, "dot") for one in judged.published]
    many = len(judged.slices) > 1
    for number, one in enumerate(judged.slices):
        label = f"slice {number}" if many else "this kernel"
        marks.append((one.score, label, colours.this, "solid"))
    low, high = float(listing.edges[0]), float(listing.edges[-1])
    rows = _mark(chart, marks, colours, span=high - low or 1.0)
    frame(chart, _axis_of(objective), "kernels")
    chart.update_yaxes(type="log", dtick=1, exponentformat="power", rangemode="normal")
    chart.update_layout(bargap=0, margin={"t": 8 + _ROW * rows})
    return chart


def plane_chart(
    plane: Plane, judged: Judged, published: Sequence[tuple[float, float, str]]
) -> go.Figure:
    """All 2×2 kernels by total variation and information.

    `customdata` holds a kernel's place in the front, or its name where it is published.
    """
    colours = ink()
    points, front = plane.points, plane.front
    chart = go.Figure(
        go.Scatter(
            x=points.tv,
            y=points.information,
            mode="markers",
            name="2×2 kernels",
            customdata=points.place.astype(np.int32),
            hoverinfo="none",  # a card shows the kernel
            marker={"size": 7, "color": colours.quiet, "opacity": 0.45},
            selected={"marker": {"opacity": 0.45}},
            unselected={"marker": {"opacity": 0.45}},
        )
    )
    chart.add_scatter(
        x=front.tv[front.places].astype(np.float32),
        y=front.information[front.places].astype(np.float32),
        mode="lines+markers",
        name="Pareto front",
        line={"color": colours.front, "width": 1.5},
        marker={"size": 5, "color": colours.front},
        hoverinfo="skip",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    middle = int(front.places[len(front.places) * 2 // 3])
    on_line = float(front.tv[middle]), float(front.information[middle])
    beside(chart, *on_line, "Pareto front", colours.text)
    _labelled(chart, published, colours)
    here = (judged.whole.tv, judged.whole.information)
    chart.add_scatter(
        x=np.array(here[:1], np.float32),
        y=np.array(here[1:], np.float32),
        mode="markers",
        marker={"size": 14, "color": colours.this, "line": {"color": colours.ground, "width": 2}},
        hovertemplate="this kernel<br>%{x:.3f} edges, %{y:.3f} bits per pixel<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    chart.add_annotation(
        x=here[0],
        y=here[1],
        yanchor="bottom",
        yshift=7,
        showarrow=False,
        text="<b>this kernel</b>",
        font={"size": 12, "color": colours.this},
        bgcolor=translucent(colours.ground, 0.85),  # the front's line may run behind it
    )
    frame(chart, _AXES["tv"], _AXES["information"], height=_PLANE_HEIGHT)
    chart.update_layout(hoverlabel={"align": "left"}, margin={"t": 20})
    chart.update_yaxes(rangemode="tozero")
    return chart


def sizes_chart(rows: Sequence[SizeRow], measure: str) -> go.Figure:
    """Best, median and published kernels by the side of the kernel.

    Parameters
    ----------
    measure
        ``information``, in bits per pixel, or ``tv``, in edges per pixel.
    """
    colours = ink()
    sides = [row.side for row in rows]
    lines = {
        "best": ([row.best(measure) for row in rows], colours.this),
        "median": ([row.median(measure) for row in rows], colours.quiet),
    }
    chart = go.Figure()
    for name, (values, colour) in lines.items():
        chart.add_scatter(
            x=sides,
            y=values,
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 8, "color": colour},
            hovertemplate=f"%{{x}}×%{{x}}, {name}: %{{y:.3f}}<extra></extra>",
        )
        beside(chart, sides[-1], values[-1], name, colour, left=True, shift=12)
    published = [(row.side, one) for row in rows for one in row.published]
    chart.add_scatter(
        x=[side for side, _ in published],
        y=[getattr(one, measure) for _, one in published],
        mode="markers",
        marker={
            "size": 11,
            "symbol": "diamond",
            "color": colours.published,
            "line": {"color": colours.ground, "width": 1.5},
        },
        text=[one.kernel.name for _, one in published],
        hovertemplate="%{text}: %{y:.3f}<extra></extra>",
    )
    if published:
        side, highest = max(published, key=lambda one: getattr(one[1], measure))
        beside(chart, side, getattr(highest, measure), "published", colours.published)
    frame(chart, "side of the kernel", _AXES[measure])
    chart.update_xaxes(tickvals=sides, ticktext=[f"{side}×{side}" for side in sides])
    chart.update_yaxes(rangemode="tozero")
    return chart


def _mark(
    chart: go.Figure, marks: Sequence[tuple[float, str, str, str]], colours: Ink, *, span: float
) -> int:
    """Lines at scores, labelled above the plot in as many rows as keep the labels apart.

    Marks are (score, label, colour, dash); those of one score and colour share a label.

    Returns
    -------
    The number of rows.
    """
    grouped: dict[tuple[float, str, str], list[str]] = {}
    for score, label, colour, dash in sorted(marks):
        grouped.setdefault((round(score, 6), colour, dash), []).append(label)
    ends: list[float] = []  # where the last label of each row ends
    for (score, colour, dash), labels in grouped.items():
        text = ", ".join(labels)
        half = span * len(text) * _LETTER / 2
        row = next((k for k, end in enumerate(ends) if end < score - half), len(ends))
        ends[row : row + 1] = [score + half]
        chart.add_vline(x=score, line={"color": colour, "width": 2, "dash": dash})
        mine = colour == colours.this
        chart.add_annotation(
            x=score,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=1 + _ROW * row,
            showarrow=False,
            text=f"<b>{text}</b>" if mine else text,
            font={"size": LABEL, "color": colours.this if mine else colours.text},
        )
    return len(ends)


def _labelled(
    chart: go.Figure,
    points: Sequence[tuple[float, float, str]],
    colours: Ink,
) -> None:
    """Points with their names beside them; names of one point stand together."""
    grouped: dict[tuple[float, float], list[str]] = {}
    for tv, information, name in points:
        grouped.setdefault((round(tv, 6), round(information, 6)), []).append(name)
    if not grouped:
        return
    labels = [", ".join(names) for names in grouped.values()]
    chart.add_scatter(
        x=np.array([x for x, _ in grouped], np.float32),
        y=np.array([y for _, y in grouped], np.float32),
        mode="markers",
        customdata=[names[0] for names in grouped.values()],
        marker={
            "size": 11,
            "symbol": "diamond",
            "color": colours.published,
            "line": {"color": colours.ground, "width": 1.5},
        },
        hoverinfo="none",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    ground = translucent(colours.ground, 0.85)  # the front's line may run behind them
    for x, y, label, shift in _spread(grouped, labels):
        beside(chart, x, y, label, colours.text, shift=shift, ground=ground)


def _spread(
    points: Iterable[tuple[float, float]], labels: Sequence[str]
) -> list[tuple[float, float, str, float]]:
    """Labels from the top down, each with a shift in pixels that keeps it clear of those above."""
    placed: list[tuple[float, float, str, float]] = []
    taken: list[tuple[float, float]] = []  # x, and pixels from the bottom
    ordered = sorted(zip(points, labels, strict=True), key=lambda one: -one[0][1])
    top = max((y for (_, y), _ in ordered), default=1.0) or 1.0
    for (x, y), label in ordered:
        wanted = y / top * _PLANE_PIXELS
        near = [height for other, height in taken if abs(other - x) < _NEAR]
        height = min([wanted, *(above - _ROW for above in near)])
        taken.append((x, height))
        placed.append((x, y, label, height - wanted))
    return placed


def _label_of(listing: Listing) -> dict[str, str]:
    """A card shows a kernel of the bar; of samples none is kept."""
    if listing.examples is not None:
        return {"hoverinfo": "none"}
    return {"hovertemplate": "score %{x:.3f}<br>%{y:,.0f} kernels<extra></extra>"}


def _axis_of(objective: str) -> str:
    if objective not in TERMS:
        return objective
    unit, meaning = TERMS[objective]
    return f"{meaning.split(',')[0]}, {unit}" if unit else meaning
