"""Two networks layer by layer: how many bits differ, a gallery of channels, one map large."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.lab.walkthrough import ORDERS, LayerWalk, Walk
from design_core.networks.facts import PICTURE
from design_core.output.drawing import bits_png
from ui.charts import BLUE, LABEL, ORANGE, frame, ink, show_chart
from ui.design.desk import take_to_design
from ui.figures import map_figure
from ui.predict.tiles import Tile, tiles
from ui.text import plain
from ui.viewer import viewer

__all__ = ["walk_chart", "walk_maps", "walk_way"]

_TITLES = {"difference": "Difference", "density": "Density", "tv": "Edges"}
_FIRST_ORDER = "tv"  # what differs most is often all on in one and all off in the other
_FIRST = 48  # channels in the strip; all of them are there when it is spread out
_VIEWER = 380  # height of the large pictures, CSS pixels
_OFF = ThresholdKernel([[0]]).scaled(strength=0)  # plain Sign

Pair = tuple[str, str]


def walk_way(walk: Walk, names: Pair) -> None:
    """The picture's way: of each layer one channel of either network, as bits.

    Which channel: the one that is most evenly on and off. Channels of networks that were trained
    apart have nothing to do with each other, so each network shows its own.
    """
    rows = []
    for side, name in enumerate(names):
        cells = [f'<b class="ds-down">{escape(name)}</b>']
        for layer in walk.layers:
            channel = int(np.abs(layer.density[side] - 0.5).argmin())
            words = f"{layer.name}, channel {channel}"
            cells.append(
                map_figure(
                    bits_png(layer.bits[side][channel]),
                    shape=layer.shape[1:],
                    title=words,
                    alt=f"{name}: bits of {words}, on at {layer.density[side][channel]:.0%}.",
                )
            )
        rows.append("".join(cells))
    st.html(
        '<h2 class="ds-chart-title">The picture on its way through both networks</h2>'
        '<p class="ds-note">One channel of each layer: the one that is most evenly on and off.</p>'
        f'<div class="ds-sweep ds-way" tabindex="0" role="group" aria-label="Layers of both '
        f'networks" style="--n:{len(walk.layers)};--map:100px">{"".join(rows)}</div>'
    )


def walk_chart(walk: Walk, *, key: str) -> None:
    """The share of differing bits by layer, under the finding."""
    show_chart(_chart(walk), title=walk.finding(), alt=_chart_alt(walk), key=f"{key}_chart")
    if not walk.same_weights:
        st.caption(
            "Orange is what two maps of these densities would differ by if they had nothing to "
            "do with each other: networks that were trained apart have channels of their own."
        )


@st.fragment
def walk_maps(walk: Walk, names: Pair, *, key: str) -> None:
    """Layer, gallery of its channels, and one of them large.

    Parameters
    ----------
    names
        Of the two networks.
    key
        Unique on the page.
    """
    blocks = [layer.name for layer in walk.layers]
    if st.session_state.get(f"{key}_layer") not in blocks:  # of networks of another depth
        st.session_state[f"{key}_layer"] = blocks[0]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        block = st.segmented_control(
            "Layer", blocks, required=True, key=f"{key}_layer", persist_state="session"
        )
        layer = walk.layers[blocks.index(str(block))]
        order = st.segmented_control(
            "Channels ranked by",
            ORDERS,
            format_func=_TITLES.__getitem__,
            default=_FIRST_ORDER,
            required=True,
            key=f"{key}_order",
            persist_state="session",
        )
    channel = _gallery(layer, str(order), names, key)
    _large(walk, layer, channel, names, key)


def _chart(walk: Walk) -> go.Figure:
    colours = ink()
    ticks = [layer.name for layer in walk.layers]
    shares = 100 * np.array(walk.differing, np.float32)
    chart = go.Figure(
        go.Bar(
            x=ticks,
            y=shares,
            width=0.55,
            marker={"color": BLUE, "line": {"width": 0}},
            text=[f"{share:.1f}" for share in shares],
            textposition="inside",
            insidetextanchor="end",
            textangle=0,
            hovertemplate="%{y:.2f} % of the bits differ<extra></extra>",
        )
    )
    if not walk.same_weights:
        chance = [100 * layer.by_chance for layer in walk.layers]
        chart.add_scatter(
            x=ticks,
            y=np.array(chance, np.float32),
            mode="markers",
            marker={
                "size": 34,
                "color": ORANGE,
                "symbol": "line-ew-open",
                "line": {"width": 3},
            },
            hovertemplate="unrelated maps: %{y:.1f} %<extra></extra>",
        )
        chart.add_annotation(
            x=ticks[0],
            y=chance[0],
            text="unrelated maps",
            showarrow=False,
            yanchor="bottom",
            yshift=3,
            font={"size": LABEL, "color": colours.text},
        )
    frame(chart, "", "differing bits, %", height=230)
    chart.update_yaxes(rangemode="tozero", range=[0, max(60.0, float(shares.max()) * 1.15)])
    return chart


def _chart_alt(walk: Walk) -> str:
    told = [
        f"{layer.name}: {100 * share:.1f} %"
        + ("" if walk.same_weights else f", unrelated maps {100 * layer.by_chance:.1f} %")
        for layer, share in zip(walk.layers, walk.differing, strict=True)
    ]
    return "Share of differing bits by layer. " + "; ".join(told)


def _called(layer: LayerWalk) -> str:
    """A layer within a sentence."""
    return "the picture" if layer.name == PICTURE else layer.name


def _gallery(layer: LayerWalk, order: str, names: Pair, key: str) -> int:
    """The channels as pictures, both networks' bits side by side; the chosen one."""
    ranked = layer.ranked(order)
    picked = f"{key}_channel_{layer.name}"
    channel = st.session_state.get(picked, int(ranked[0]))
    everything = f"{key}_all"
    shown = ranked if st.session_state.get(everything) else ranked[:_FIRST]

    def pick(index: int) -> None:
        st.session_state[picked] = int(shown[index])

    channels, height, width = layer.shape
    told = (
        f"{channels} channels of {height}×{width} in {_called(layer)}. Each pair: {names[0]} left, "
        f"{names[1]} right."
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.html(f'<p class="ds-note">{escape(told)}</p>')
        wrap = st.toggle("Spread out", key=everything, persist_state="session")
    tiles(
        [_tile(layer, int(one), order, names) for one in shown],
        label=f"Channel of {layer.name}",
        selected=int(np.flatnonzero(shown == channel)[0]) if channel in shown else None,
        on_pick=pick,
        key=f"{key}_tiles",
        wrap=wrap,
    )
    return int(channel)


def _tile(layer: LayerWalk, channel: int, order: str, names: Pair) -> Tile:
    differing = 100 * layer.differing[channel]
    density = [100 * float(one[channel]) for one in layer.density]
    variation = [float(one[channel]) for one in layer.total_variation]
    captions = {
        "difference": f"{differing:.1f} %",
        "density": f"{density[0]:.0f} % / {density[1]:.0f} %",
        "tv": f"{variation[0]:.2f} / {variation[1]:.2f}",
    }
    alt = (
        f"Channel {channel}: {differing:.1f} % of the bits differ. Density {names[0]} "
        f"{density[0]:.1f} %, {names[1]} {density[1]:.1f} %. Total variation {variation[0]:.3f} "
        f"and {variation[1]:.3f}."
    )
    pictures = tuple(bits_png(bits[channel]) for bits in layer.bits)
    return Tile(alt, pictures, layer.shape[1:], f"{channel}: {captions[order]}")


def _large(walk: Walk, layer: LayerWalk, channel: int, names: Pair, key: str) -> None:
    """One map in the viewer, cut by Sign and by the kernel that either network has."""
    side = 0
    if not np.array_equal(*layer.x):
        whose = st.segmented_control(
            "Pre-activation of",
            names,
            format_func=plain,
            default=names[0],
            required=True,
            key=f"{key}_whose",
        )
        side = names.index(whose) if whose in names else 0
    kernels = layer.kernels
    kernel = kernels[side] or kernels[1 - side] or _OFF
    own = f"the {'DeSign' if kernels[side] else 'Sign'} picture"
    told = (
        f"Channel {channel} of {_called(layer)} ({names[side]}), cut by Sign and by the kernel "
        f"“{kernel.name or 'its own'}”. The network passes on "
        f"{own if walk.is_binary[side] else 'real values, neither of the two'}."
    )
    st.html(f'<p class="ds-note">{escape(told)}</p>')
    viewer(
        layer.x[side],
        kernel,
        names=[f"{layer.name} channel {index}" for index in range(layer.shape[0])],
        picture_alt=f"Channel {channel} of {layer.name}",
        key=f"{key}_viewer",
        selected=channel,
        height=_VIEWER,
    )
    if kernel is not _OFF and st.button(
        "Open these thresholds on Design",
        icon=":material/grid_on:",
        key=f"{key}_to_design",
        help="Score them, change them, save them as a file; Design hands them to Explore.",
    ):
        take_to_design(kernel)
        st.switch_page("pages/design.py")
