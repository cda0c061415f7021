"""Bars of speed: layers, whole networks, Sign beside DeSign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from design_core.engine.report import LayerTime, NetworkTime, Turns
from ui.charts import LABEL, frame, ink

__all__ = ["activation_chart", "milliseconds", "ratio_chart", "spoken"]

_ROW, _EDGE = 44, 56  # pixels per bar, and for the axis
_KEY = 20  # pixels for what line and diamond mean


def milliseconds(ms: float) -> str:
    """With the digits that it deserves."""
    return f"{ms:.{3 if ms < 1 else 2 if ms < 10 else 1 if ms < 100 else 0}f} ms"


def spoken(name: str) -> str:
    """A network's name for people."""
    return name.replace("design:2x2-v2", "DeSign").replace(", sign", ", Sign")


def _change(one: LayerTime | NetworkTime) -> str:
    """``1.33 → 0.097 ms``."""
    return f"{milliseconds(one.fp32_ms).removesuffix(' ms')} → {milliseconds(one.packed_ms)}"


def ratio_chart(
    times: Sequence[LayerTime | NetworkTime], largest: float, *, row: int = _ROW
) -> go.Figure:
    """How many times faster than float32, a bar each; bfloat16 as a diamond.

    Milliseconds stand under each name: of float32, then of the engine.

    Parameters
    ----------
    largest
        The end of the axis, so that charts beside each other compare.
    row
        Height of a bar with the space around it, in pixels.
    """
    colours = ink()
    names = [spoken(one.name) for one in times]
    rows = [f"{name}<br>{_change(one)}" for name, one in zip(names, times, strict=True)]
    chart = go.Figure()
    chart.add_bar(
        y=rows,
        x=[one.ratio for one in times],
        orientation="h",
        width=0.62,
        marker_color=[
            colours.sign if "Sign" in name and "DeSign" not in name else colours.this
            for name in names
        ],
        text=[f" {one.ratio:.1f} ×" for one in times],
        textposition="outside",
        textfont={"size": LABEL + 1, "color": colours.text},
        cliponaxis=False,
        hovertext=[
            f"{name}<br>float32 {milliseconds(one.fp32_ms)}<br>"
            f"bfloat16 {milliseconds(one.bf16_ms)}<br>1-bit {milliseconds(one.packed_ms)}"
            for name, one in zip(names, times, strict=True)
        ],
        hoverinfo="text",
    )
    chart.add_scatter(
        y=rows,
        x=[one.fp32_ms / one.bf16_ms for one in times],
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 9,
            "color": colours.published,
            "line": {"width": 1, "color": colours.ground},
        },
        hoverinfo="skip",
    )
    chart.add_vline(x=1, line={"color": colours.text, "width": 1, "dash": "dot"})
    chart.add_annotation(
        x=1,
        y=1,
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        text=f'dotted: float32, <span style="color:{colours.published}">◆</span> bfloat16',
        font={"size": LABEL, "color": colours.quiet},
    )
    height = row * len(times) + _EDGE + _KEY
    frame(chart, "times as fast as PyTorch float32", "", height=height)
    chart.update_layout(margin_t=_KEY + 4)
    chart.update_xaxes(range=[0, 1.2 * largest])
    chart.update_yaxes(autorange="reversed")
    return chart


def activation_chart(activations: Mapping[str, Turns]) -> go.Figure:
    """Milliseconds of Sign and of DeSign: medians, with the middle half of all turns."""
    colours = ink()
    names = {"sign": "Sign", "design": "DeSign"}
    shown = [activations[key] for key in names]
    chart = go.Figure()
    chart.add_bar(
        y=list(names.values()),
        x=[turns.median for turns in shown],
        orientation="h",
        width=0.62,
        marker_color=[colours.sign, colours.this],
        error_x={
            "type": "data",
            "array": [turns.upper_quartile - turns.median for turns in shown],
            "arrayminus": [turns.median - turns.lower_quartile for turns in shown],
            "color": colours.text,
            "thickness": 1.5,
            "width": 5,
        },
        hovertemplate="%{y}: %{x:.3f} ms<extra></extra>",
    )
    for name, turns in zip(names.values(), shown, strict=True):
        chart.add_annotation(
            y=name,
            x=turns.upper_quartile,
            xanchor="left",
            xshift=8,
            showarrow=False,
            text=milliseconds(turns.median),
            font={"size": LABEL + 1, "color": colours.text},
        )
    frame(
        chart,
        "milliseconds per picture, one thread",
        "",
        height=2 * _ROW + _EDGE,
    )
    chart.update_xaxes(range=[0, 1.25 * max(turns.upper_quartile for turns in shown)])
    chart.update_yaxes(autorange="reversed")
    return chart
