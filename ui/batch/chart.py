"""The chart of Batch: what each picture keeps by Sign and by DeSign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from design_core.output.batch import Row
from ui.charts import beside, frame, ink

__all__ = ["kept_chart", "kept_words"]


def kept_chart(rows: Sequence[Row]) -> go.Figure:
    """A point for each scored picture; above the line DeSign keeps more than Sign."""
    colours = ink()
    scored = [row for row in rows if row.is_scored]
    sign = np.array([row.scores["sign_entropy"] for row in scored], np.float32)
    design = np.array([row.scores["design_entropy"] for row in scored], np.float32)
    end = float(max(sign.max(), design.max())) * 1.05 or 1.0
    chart = go.Figure(
        go.Scatter(
            x=np.array([0, end], np.float32),
            y=np.array([0, end], np.float32),
            mode="lines",
            line={"color": colours.sign, "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
        )
    )
    chart.add_scatter(
        x=sign,
        y=design,
        mode="markers",
        marker={"size": 9, "color": colours.this, "opacity": 0.7},
        text=[row.name for row in scored],
        hovertemplate="%{text}<br>Sign %{x:.3f}, DeSign %{y:.3f} bits per pixel<extra></extra>",
    )
    beside(chart, end * 0.9, end * 0.9, "as much", colours.quiet)
    frame(chart, "Sign, bits per pixel", "DeSign, bits per pixel", height=320)
    chart.update_xaxes(range=[0, end])
    chart.update_yaxes(range=[0, end])
    return chart


def kept_words(rows: Sequence[Row]) -> str:
    """The chart's finding."""
    pairs = [
        (row.scores["sign_entropy"], row.scores["design_entropy"]) for row in rows if row.is_scored
    ]
    more = sum(design > sign for sign, design in pairs)
    return f"DeSign keeps more bits per pixel than Sign on {more} of {len(pairs)} pictures"
