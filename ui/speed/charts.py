"""Bars of speed: layers, whole networks, Sign beside DeSign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from design_core.engine.report import LayerTime, NetworkTime, Turns
from ui.charts import LABEL, frame, ink

__all__ = ["activation_chart", "milliseconds", "ratio_chart", "spoken"]

_ROW, _EDGE = 40, 56  # pixels per bar, and for the axis


def milliseconds(ms: float) -> str:
    """With the digits that it deserves."""
    return f"{ms:.3f} ms" if ms < 1 else f"{ms:.2f} ms" if ms < 10 else f"{ms:.0f} ms"


def spoken(name: str) -> str:
    """A network's name for people."""
    return name.replace("design:2x2-v2", "DeSign").replace(", sign", ", Sign")


def ratio_chart(times: Sequence[LayerTime | NetworkTime], largest: float) -> go.Figure:
    """How many times faster than float32, a bar each; bfloat16 as a diamond.

    Parameters
    ----------
    largest
        The end of the axis, so that charts beside each other compare.
    """
    colours = ink()
    names = [spoken(one.name) for one in times]
    chart = go.Figure()
    chart.add_bar(
        y=names,
        x=[one.ratio for one in times],
        orientation="h",
        width=0.62,
        marker_color=[
            colours.sign if "Sign" in name and "DeSign" not in name else colours.this
            for name in names
        ],
        text=[f" {one.ratio:.1f} ×  {milliseconds(one.packed_ms)}" for one in times],
        textposition="outside",
        textfont={"size": LABEL + 1, "color": colours.text},
        cliponaxis=False,
        customdata=[
            [milliseconds(one.fp32_ms), milliseconds(one.bf16_ms), milliseconds(one.packed_ms)]
            for one in times
        ],
        hovertemplate="%{y}<br>float32 %{customdata[0]}<br>bfloat16 %{customdata[1]}"
        "<br>1-bit %{customdata[2]}<extra></extra>",
    )
    chart.add_scatter(
        y=names,
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
    frame(chart, "times as fast as PyTorch float32", "", height=_ROW * len(times) + _EDGE)
    chart.update_xaxes(range=[0, 1.32 * largest])
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
    frame(chart, "milliseconds per picture, one thread", "", height=2 * _ROW + _EDGE)
    chart.update_xaxes(range=[0, 1.25 * max(turns.upper_quartile for turns in shown)])
    chart.update_yaxes(autorange="reversed")
    return chart
