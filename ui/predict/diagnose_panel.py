"""Diagnose: a network judged by the method's known failure signs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import streamlit as st

from design_core.engine.report import recorded
from design_core.lab.diagnosis import BlockDiagnosis, Diagnosis, XHistogram
from design_core.lab.verdicts import LIMITS, STATES, Verdict
from ui.charts import chart_title, show_chart
from ui.predict import keys
from ui.predict.lab import (
    Network,
    Pictures,
    diagnosed,
    held_out,
    networks,
    picture_of,
    samples,
)
from ui.predict.lab_charts import channels_chart, histogram_chart
from ui.predict.lab_choices import DIAGNOSE_WAYS
from ui.predict.subject import Subject
from ui.text import plain

__all__ = ["diagnose_panel"]

_COUNT = 200  # pictures of a test set: a second or so for a network of width 32
_MOST_RATES = 16  # thresholds that are told one by one
_MOST_CELLS = 8  # rows and columns of a kernel that is drawn cell by cell


def diagnose_panel(subject: Subject) -> None:
    """Which network, looked at on what; verdicts; one block close up."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        chosen = _network(networks(subject))
        try:
            pictures, damaged = _pictures(subject, chosen), ""
        except ValueError as error:  # a damaged data set
            pictures, damaged = picture_of(subject.picture, subject.form), str(error)
    if damaged:
        st.error(plain(damaged), icon=":material/error:")
    with st.spinner(
        f"Looking at {plain(pictures.subset.title)} …"
    ):  # shows after half a second only
        diagnosis = diagnosed(chosen, pictures)
    chart_title(diagnosis.finding(chosen.name))
    left, right = st.columns(2, gap="medium")
    left.html(_table(diagnosis))
    block = _block(diagnosis)
    right.html(_verdicts([*block.verdicts, diagnosis.cost]) + _time(chosen))
    here = None
    if not pictures.is_picture:
        own = diagnosed(chosen, picture_of(subject.picture, subject.form))
        here = own.blocks[diagnosis.blocks.index(block)].histogram
    _close_up(diagnosis, block, here, chosen)
    with st.expander("The limits, and where they come from", icon=":material/rule:"):
        st.html(_limits())


def _network(found: list[Network]) -> Network:
    places = list(range(len(found)))
    # Sign comes first as the page opens, and the kernel after it.
    if st.session_state.get(keys.DIAGNOSE_NETWORK, 1) not in places:
        st.session_state[keys.DIAGNOSE_NETWORK] = places[-1]
    place = st.segmented_control(
        "Network",
        places,
        format_func=lambda k: plain(found[k].name),
        default=min(1, places[-1]),
        required=True,
        key=keys.DIAGNOSE_NETWORK,
        persist_state="session",
    )
    return found[place or 0]


def _pictures(subject: Subject, network: Network) -> Pictures:
    """What the network is looked at on; ValueError where a data set is damaged."""
    dataset = network.entry.card.dataset
    embedded = samples(dataset, subject.form)
    test_set = held_out(dataset, subject.form, _COUNT)
    ways = dict(zip(DIAGNOSE_WAYS, (embedded, test_set), strict=False))
    offered = [way for way in DIAGNOSE_WAYS if way not in ways or ways[way] is not None]
    if st.session_state.get(keys.DIAGNOSE_ON) not in offered:
        st.session_state[keys.DIAGNOSE_ON] = offered[0]
    way = st.segmented_control(
        "Looked at on",
        offered,
        required=True,
        key=keys.DIAGNOSE_ON,
        persist_state="session",
        help="Densities and distributions depend on what goes through the network. One picture "
        "has few pixels in the late blocks: a silent channel may just have nothing to say of it. "
        f"The test set is offered where it is on this machine, {_COUNT} pictures of it.",
    )
    return ways.get(str(way)) or picture_of(subject.picture, subject.form)


def _block(diagnosis: Diagnosis) -> BlockDiagnosis:
    names = [block.name for block in diagnosis.blocks]
    if st.session_state.get(keys.DIAGNOSE_BLOCK) not in names:
        st.session_state[keys.DIAGNOSE_BLOCK] = diagnosis.worst_block()
    name = st.segmented_control(
        "Block",
        names,
        required=True,
        key=keys.DIAGNOSE_BLOCK,
        persist_state="session",
    )
    return diagnosis.blocks[names.index(str(name))]


def _close_up(
    diagnosis: Diagnosis, block: BlockDiagnosis, here: XHistogram | None, network: Network
) -> None:
    left, middle, right = st.columns([5, 4, 3], gap="medium")
    channels, height, width = block.shape
    with left:
        title = f"What the activation of {block.name} receives"
        thresholds = "; ".join(
            f"T {threshold:.2f}: {100 * share:.1f} % of x above, {100 * meant:.1f} % of a normal"
            for threshold, share, meant in zip(
                block.levels[:20], block.shares, block.designed, strict=False
            )
        )
        show_chart(
            histogram_chart(block, here, network.colour),
            title=title,
            alt=f"{diagnosis.calibration}: mean {block.histogram.mean:.2f}, deviation "
            f"{block.histogram.deviation:.2f}. {thresholds}",
            key="diagnose_histogram",
        )
        st.html(_key(diagnosis, here is not None) + _rates(block))
    with middle:
        show_chart(
            channels_chart(block, network.colour),
            title=f"{channels} channels of {height}×{width}: {block.dead} dead, "
            f"{block.saturated} saturated",
            alt=f"Activation density by channel, from {100 * block.channels.min():.1f} to "
            f"{100 * block.channels.max():.1f} %, mean {100 * block.density:.1f} %.",
            key="diagnose_channels",
        )
    with right:
        chart_title("How often each kernel cell fires")
        st.html(_cells(block))


def _key(diagnosis: Diagnosis, with_picture: bool) -> str:
    """What the lines of the histogram are."""
    picture = '<span class="ds-swatch" style="--swatch:#E69F00"></span>this picture'
    return (
        '<p class="ds-note"><span class="ds-swatch" style="--swatch:#9BA0AA"></span>'
        f"{escape(diagnosis.calibration)}{picture if with_picture else ''}. Dotted: the standard "
        "normal that thresholds are made for. Upright: the thresholds.</p>"
    )


def _rates(block: BlockDiagnosis) -> str:
    """How often each threshold was meant to fire, and how often it does; nothing for Sign."""
    if not block.levels.any() or len(block.levels) > _MOST_RATES:
        return ""
    rows = "".join(
        f'<tr><th scope="row">T {level:.2f}</th><td>{100 * meant:.1f} %</td>'
        f"<td>{100 * true:.1f} %</td></tr>"
        for level, meant, true in zip(block.levels, block.designed, block.shares, strict=True)
    )
    return (
        '<div class="ds-verdicts"><table><thead><tr><th scope="col">Threshold</th>'
        '<th scope="col">meant to fire on</th><th scope="col">fires on</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _table(diagnosis: Diagnosis) -> str:
    """Verdicts by block and sign."""
    signs = [sign for sign in LIMITS if sign != "cost"]
    heads = "".join(f'<th scope="col">{escape(LIMITS[sign].title)}</th>' for sign in signs)
    rows = []
    for block in diagnosis.blocks:
        found = {verdict.sign: verdict for verdict in block.verdicts}
        cells = "".join(_state(found.get(sign)) for sign in signs)
        rows.append(f'<tr><th scope="row">{escape(block.name)}</th>{cells}</tr>')
    return (
        '<div class="ds-verdicts"><table><thead><tr><th scope="col">Block</th>'
        f"{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _state(verdict: Verdict | None) -> str:
    if verdict is None:
        return "<td>–</td>"
    return (
        f'<td class="ds-{verdict.state}" title="{escape(verdict.text, quote=True)}">'
        f"<b>{verdict.state}</b> <span>{_number(verdict)}</span></td>"
    )


def _number(verdict: Verdict) -> str:
    """What was judged, in the unit that its limit has for people."""
    number = verdict.number
    if verdict.sign == "tiling":
        return "∞" if math.isinf(number) else f"{number:.2f} ×"
    if verdict.sign == "half-normal":
        return f"{number:.2f}"
    return f"{100 * number:.1f} {'points' if verdict.sign == 'scaling' else '%'}"


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    items = "".join(
        f'<li class="ds-{verdict.state}"><b>{escape(LIMITS[verdict.sign].title)}: '
        f"{verdict.state}.</b> {escape(verdict.text)}</li>"
        for verdict in verdicts
    )
    return f'<ul class="ds-judged">{items}</ul>'


def _time(network: Network) -> str:
    """What a recorded run of the engine says of the cost in time; nothing for Sign itself."""
    if not network.is_binary or network.activation == "sign":
        return ""
    report = recorded()
    return (
        f'<p class="ds-note">Recorded on {escape(str(report.cpu["name"]))}, {report.date[:10]}: '
        f"the 1-bit engine takes {report.design_over_sign:.2f} × the time of Sign with a kernel, "
        "see Speed.</p>"
    )


def _limits() -> str:
    rows = "".join(
        f"<dt>{escape(limit.title)}</dt><dd>{escape(limit.quantity.capitalize())}. "
        f"{_bounds(sign)} {escape(limit.why)}</dd>"
        for sign, limit in LIMITS.items()
    )
    return f'<dl class="ds-limits">{rows}</dl>'


def _bounds(sign: str) -> str:
    limit = LIMITS[sign]
    look, wrong = (
        _number(Verdict(sign, STATES[0], bound, "")) for bound in (limit.look, limit.wrong)
    )
    beyond = "above" if limit.wrong > limit.look else "below"
    return f"A look {beyond} {look}, wrong {beyond} {wrong}."


def _cells(block: BlockDiagnosis) -> str:
    """The kernel as a table: threshold, measured density, and what the threshold alone makes."""
    if block.thresholds is None:
        return '<p class="ds-note">Real-valued activations have no kernel.</p>'
    slices, rows, columns = block.cells.shape
    if max(rows, columns) > _MOST_CELLS:
        low, high = np.nanmin(block.cells), np.nanmax(block.cells)
        return (
            f'<p class="ds-note">{rows}×{columns} cells fire on {100 * low:.1f} to '
            f"{100 * high:.1f} %.</p>"
        )
    tables = []
    for number in range(slices):
        body = "".join(
            "<tr>"
            + "".join(
                _cell(float(block.thresholds[number, i, j]), float(block.cells[number, i, j]))
                for j in range(columns)
            )
            + "</tr>"
            for i in range(rows)
        )
        caption = f"<caption>slice {number}</caption>" if slices > 1 else ""
        tables.append(f"<table>{caption}<tbody>{body}</tbody></table>")
    return f'<div class="ds-fires">{"".join(tables)}</div>'


def _cell(threshold: float, density: float) -> str:
    if math.isnan(density):
        return f"<td><b>–</b><small>T {threshold:.2f}<br>no pixel</small></td>"
    share = f"{100 * density:.1f}"
    return f'<td style="--p:{share}%"><b>{share} %</b><small>T {threshold:.2f}</small></td>'
