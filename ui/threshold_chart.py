"""The thresholds of a kernel over the distribution of x, as Design and Learn show them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from design_core.kernels.kernel import ThresholdKernel
from design_core.scores.distribution import Distribution
from ui.charts import LABEL, frame, ink

__all__ = ["threshold_chart"]

_ROW = 15  # height of a row of labels, pixels


def threshold_chart(distribution: Distribution, kernel: ThresholdKernel) -> go.Figure:
    """The kernel's thresholds over the distribution of x, each with its level and P(x ≥ T).

    Thicker lines hold more cells.
    """
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
                yanchor="bottom",
                yshift=1 + _ROW * (number % 3),
                showarrow=False,
                text=f"{level}: {share:.0%}",
                font={"size": LABEL, "color": colours.text},
            )
    frame(chart, "pre-activation x, standard deviations", "probability per unit")
    reach = max(3.6, float(np.abs(thresholds).max()) + 0.4)
    chart.update_xaxes(range=[-reach, reach], zeroline=False)
    chart.update_yaxes(rangemode="tozero")
    chart.update_layout(margin={"t": 8 + 3 * _ROW})
    return chart
