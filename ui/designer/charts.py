"""The charts of the Design page. They draw what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from design_core.distribution import Distribution
from design_core.kernels.kernel import ThresholdKernel
from design_core.search.objectives import TERMS
from ui.designer.landscapes import Judged, Listing, Plane

__all__ = ["Ink", "ink", "landscape_chart", "plane_chart", "threshold_chart"]

_HEIGHT = 300


@dataclass(frozen=True)
class Ink:
    """Colours by what they mean, for one theme. The published are Okabe–Ito orange in both."""

    text: str
    quiet: str
    bars: str
    this: str
    published: str
    front: str
    ground: str


_LIGHT = Ink("#14161A", "#5C6068", "#C9CCD2", "#3B5BDB", "#E69F00", "#14161A", "#FFFFFF")
_DARK = Ink("#ECEAE4", "#A4A8B1", "#4A4F5A", "#8DA2FB", "#E69F00", "#ECEAE4", "#191B20")


def ink() -> Ink:
    """The colours of the theme that the user sees."""
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def landscape_chart(listing: Listing, judged: Judged, *, objective: str, title: str) -> go.Figure:
    """How many kernels have which score, where this one stands, and where the published."""
    colours = ink()
    centres = (listing.edges[:-1] + listing.edges[1:]) / 2
    width = float(listing.edges[1] - listing.edges[0])
    chart = go.Figure(
        go.Bar(
            x=centres.astype(np.float32),
            y=listing.counts.astype(np.float32),
            width=width,
            marker={"color": colours.bars, "line": {"width": 0}},
            hovertemplate="score %{x:.3f}<br>%{y:,.0f} kernels<extra></extra>",
        )
    )
    marks = _grouped([(one.score, one.kernel.name) for one in judged.published])
    for place, (score, names) in enumerate(marks):
        _mark(chart, score, names, colours.published, colours, dash="dot", row=place % 3 + 1)
    many = len(judged.slices) > 1
    for number, one in enumerate(judged.slices):
        label = f"slice {number}" if many else "this kernel"
        _mark(
            chart,
            one.score,
            label,
            colours.this,
            colours,
            dash="solid",
            row=number % 3 if many else 0,
        )
    _frame(chart, title, _axis_of(objective), "kernels")
    chart.update_yaxes(type="log", dtick=1, exponentformat="power", rangemode="normal")
    chart.update_layout(bargap=0, margin={"t": 96})
    return chart


def plane_chart(
    plane: Plane,
    judged: Judged,
    published: Sequence[tuple[float, float, str]],
    *,
    title: str,
) -> go.Figure:
    """All 2×2 kernels by total variation and information; `customdata` holds their places."""
    colours = ink()
    points, front = plane.points, plane.front
    chart = go.Figure(
        go.Scatter(
            x=points.tv,
            y=points.information,
            mode="markers",
            name="2×2 kernels",
            customdata=points.place.astype(np.int32),
            text=[
                _hover(front.kernel(int(place)), float(density), int(count))
                for place, density, count in zip(
                    points.place, points.density, points.count, strict=True
                )
            ],
            hovertemplate="%{text}<br>TV %{x:.3f}, %{y:.3f} bits per pixel<extra></extra>",
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
    _labelled(chart, published, colours)
    chart.add_scatter(
        x=np.array([judged.whole.tv], np.float32),
        y=np.array([judged.whole.information], np.float32),
        mode="markers+text",
        text=["<b>this kernel</b>"],
        textposition="middle left",
        textfont={"size": 11, "color": colours.this},
        marker={"size": 14, "color": colours.this, "line": {"color": colours.ground, "width": 2}},
        hovertemplate="this kernel<br>TV %{x:.3f}, %{y:.3f} bits per pixel<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    _frame(chart, title, "total variation, flips per pixel", "information, bits per pixel")
    chart.update_layout(hoverlabel={"align": "left"}, height=_HEIGHT + 70)
    chart.update_yaxes(rangemode="tozero")
    return chart


def threshold_chart(
    distribution: Distribution, kernel: ThresholdKernel, *, title: str
) -> go.Figure:
    """The kernel's thresholds over the distribution of x; thicker lines hold more cells."""
    colours = ink()
    chart = go.Figure(
        go.Scatter(
            x=distribution.centres.astype(np.float32),
            y=distribution.density.astype(np.float32),
            mode="lines",
            line={"color": colours.quiet, "width": 1.5},
            fill="tozeroy",
            fillcolor="rgba(124,129,138,0.18)",
            hovertemplate="x %{x:.2f}<br>%{y:.3f} per unit<extra></extra>",
        )
    )
    levels, counts = np.unique(kernel.levels, return_counts=True)
    by_level = kernel.scale.thresholds(kernel.level_set)
    thresholds = by_level[np.searchsorted(kernel.level_set, levels)]
    shares = distribution.exceeds(thresholds)
    chart.add_vline(x=0, line={"color": colours.quiet, "width": 1, "dash": "dot"})
    few = len(levels) <= 10
    drawn = zip(levels, thresholds, counts, shares, strict=True)
    for number, (level, threshold, count, share) in enumerate(drawn):
        of_all = count / kernel.levels.size
        chart.add_vline(x=float(threshold), line={"color": colours.this, "width": 1 + 4 * of_all})
        if few:
            chart.add_annotation(
                x=float(threshold),
                y=1,
                yref="paper",
                yshift=12 + 26 * (number % 2),
                showarrow=False,
                text=f"level {level}<br>{share:.0%} fire",
                font={"size": 11, "color": colours.text},
            )
    _frame(chart, title, "pre-activation x, standard deviations", "probability per unit")
    reach = max(3.6, float(np.abs(thresholds).max()) + 0.4)
    chart.update_xaxes(range=[-reach, reach], zeroline=False)
    chart.update_yaxes(rangemode="tozero")
    chart.update_layout(margin={"t": 130})
    return chart


def _frame(chart: go.Figure, title: str, x: str, y: str) -> None:
    colours = ink()
    chart.update_layout(
        title={
            "text": title,
            "x": 0,
            "xanchor": "left",
            "font": {"size": 15},
            "y": 0.98,
            "yanchor": "top",
        },
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 44, "b": 8},
        showlegend=False,
        dragmode=False,
        font={"size": 12, "color": colours.text},
        hoverlabel={"font": {"size": 13}},
    )
    chart.update_xaxes(title={"text": x, "font": {"size": 12}}, automargin=True, fixedrange=True)
    chart.update_yaxes(title={"text": y, "font": {"size": 12}}, automargin=True, fixedrange=True)


def _mark(
    chart: go.Figure, at: float, label: str, colour: str, colours: Ink, *, dash: str, row: int
) -> None:
    """A line with its label above the plot; rows keep neighbours' labels apart."""
    chart.add_vline(x=at, line={"color": colour, "width": 2, "dash": dash})
    chart.add_annotation(
        x=at,
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=1 + 14 * row,
        showarrow=False,
        text=label,
        font={"size": 11, "color": colours.this if colour == colours.this else colours.text},
    )


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
    chart.add_scatter(
        x=np.array([x for x, _ in grouped], np.float32),
        y=np.array([y for _, y in grouped], np.float32),
        mode="markers+text",
        text=[", ".join(names) for names in grouped.values()],
        textposition="middle right",
        textfont={"size": 11, "color": colours.text},
        marker={
            "size": 11,
            "symbol": "diamond",
            "color": colours.published,
            "line": {"color": colours.ground, "width": 1.5},
        },
        hovertemplate="%{text}<br>TV %{x:.3f}, %{y:.3f} bits per pixel<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )


def _hover(kernel: ThresholdKernel, density: float, count: int) -> str:
    """A kernel as a little picture, with its levels."""
    shades = _shades(kernel)
    rows = [
        "".join(f'<span style="color:{shade}">██</span>' for shade in row)
        + "  "
        + "  ".join(map(str, levels))
        for row, levels in zip(shades, kernel.levels[0].tolist(), strict=True)
    ]
    others = f"<br>and {count - 1} more kernels here" if count > 1 else ""
    return "<br>".join(rows) + others + f"<br>fires on {density:.0%}"


def _shades(kernel: ThresholdKernel) -> list[list[str]]:
    ranks: NDArray[np.int64] = np.searchsorted(kernel.level_set, kernel.levels[0])
    greys = np.rint(236 - 196 * ranks / max(1, len(kernel.level_set) - 1)).astype(int)
    return [[f"rgb({grey},{grey},{grey})" for grey in row] for row in greys.tolist()]


def _grouped(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Marks at the same score under one label, ascending."""
    names: dict[float, list[str]] = {}
    for score, name in sorted(marks):
        names.setdefault(round(score, 6), []).append(name)
    return [(score, ", ".join(found)) for score, found in names.items()]


def _axis_of(objective: str) -> str:
    if objective not in TERMS:
        return objective
    unit, meaning = TERMS[objective]
    return f"{meaning.split(',')[0]}, {unit}" if unit else meaning
