"""Speed: what one bit per activation buys on the machine at hand, in time and in bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

import streamlit as st

from design_core.engine.report import LayerTime, NetworkTime, Report, finding, recorded
from ui.charts import show_chart
from ui.entry import require_entry
from ui.share.address import arrive
from ui.share.panel import share
from ui.speed import keys
from ui.speed.address import (
    BATCHES,
    BESIDE,
    BINARY,
    QUESTIONS,
    SIZE,
    SPEED,
    SPEEDUP,
    THREADS,
)
from ui.speed.answers import (
    binary_answer,
    main_network,
    onnx_answer,
    size_answer,
    speed_answer,
)
from ui.speed.beside import beside_answer
from ui.speed.charts import activation_chart, milliseconds, ratio_chart, spoken
from ui.speed.measuring import Measurement, measurement, thread_counts
from ui.text import plain

_TALL = 64  # pixels per bar on the left, where there are fewer charts
_TICK = 0.5  # seconds between two looks at a measurement


def conditions(report: Report, batch: int, threads: int) -> str:
    """What was compared, where and when."""
    when = datetime.fromisoformat(report.date).strftime("%-d %B %Y, %H:%M UTC")
    who = "eager or compiled, whichever is faster" if report.compiled else "eager, not compiled"
    where = "Measured on this machine" if report is measurement().report else "Recorded"
    return (
        f"{where} on {when}: batch {batch}, {threads} thread{'s' if threads > 1 else ''}, against "
        f"PyTorch {report.torch.partition('+')[0]} ({who}). A layer is a 3×3 convolution; "
        "packed time includes batch norm, DeSign and packing, PyTorch's the convolution alone."
    )


def choices(report: Report) -> tuple[int, int]:
    """Batch and threads; the nearest that the report has."""
    batch = st.segmented_control(
        "Batch",
        BATCHES,
        default=BATCHES[0],
        required=True,
        key=keys.BATCH,
        persist_state="session",
        help="Pictures at a time: 1 as for a live camera, 64 as on a server.",
    )
    threads = st.segmented_control(
        "Threads",
        THREADS,
        default=THREADS[0],
        required=True,
        key=keys.THREADS,
        persist_state="session",
        help="Of PyTorch and of the engine alike. The engine's threads share a batch by pictures: "
        "at batch 1 a second one does nothing for it.",
    )
    wanted = (batch, threads)
    return wanted if wanted in report.combinations else (batch, report.combinations[0][1])


def measure_control(live: Measurement) -> None:
    """Start, watch, stop."""
    if live.running:
        _progress(live)
        return
    st.button(
        "Measure on this machine",
        type="primary",
        icon=":material/timer:",
        key="speed_measure",
        on_click=live.start,
        help="Times layers and networks in a process of its own; about a minute where the machine "
        "is free. PyTorch runs eagerly: compiling it would take minutes more.",
    )


@st.fragment(run_every=_TICK)
def _progress(live: Measurement) -> None:
    if not live.running:
        st.rerun()
    base = recorded()
    share_of = len(thread_counts()) / len({threads for _, threads in base.combinations})
    # Contenders run on one thread whatever is asked; those that need compiling are left out.
    among = sum("compiled" not in one.name for one in base.rivals)
    results = round((len(base.layers) + len(base.networks)) * share_of) + among
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(live.progress(results), f"Measuring {spoken(live.latest)}")
        st.button("Stop", key="speed_stop", icon=":material/stop:", on_click=live.stop)


def bars(report: Report, batch: int, threads: int) -> None:
    """Layers left; whole networks, and below them Sign and DeSign, right."""
    layers, networks = report.layers_at(batch, threads), report.networks_at(batch, threads)
    largest = max(*(one.ratio for one in layers), *(one.ratio for one in networks))
    left, right = st.columns(2, gap="large")

    def spread(times: Sequence[LayerTime | NetworkTime]) -> tuple[float, float]:
        ratios = [one.ratio for one in times]
        return min(ratios), max(ratios)

    def told(times: Sequence[LayerTime | NetworkTime]) -> str:
        return "; ".join(
            f"{spoken(one.name)} {one.ratio:.1f} times, {milliseconds(one.packed_ms)} against "
            f"{milliseconds(one.fp32_ms)}, bfloat16 {milliseconds(one.bf16_ms)}"
            for one in times
        )

    with left:
        low, high = spread(layers)
        show_chart(
            ratio_chart(layers, largest, row=_TALL),
            title=f"Binary layers: {low:.0f} to {high:.0f} × as fast as float32",
            alt=told(layers),
            key="speed_layers",
        )
    with right:
        low, high = spread(networks)
        show_chart(
            ratio_chart(networks, largest),
            title=f"Whole networks: {low:.0f} to {high:.0f} × as fast",
            alt=told(networks),
            key="speed_networks",
        )
    sign, design = report.activations["sign"], report.activations["design"]
    with right:
        show_chart(
            activation_chart(report.activations),
            title=f"DeSign takes {report.design_over_sign:.2f} × the time of Sign",
            alt=f"Median and middle half of all turns: Sign {sign.median:.3f} ms, "
            f"{sign.lower_quartile:.3f} to {sign.upper_quartile:.3f}; DeSign "
            f"{design.median:.3f} ms, {design.lower_quartile:.3f} to {design.upper_quartile:.3f}",
            key="speed_activations",
        )


def machine(report: Report) -> None:
    """What it was measured on, in the rail."""
    cpu = report.cpu
    flags = " ".join(f"`{flag}`" for flag in cpu["flags"]) or "not known"
    st.markdown(f"**{plain(cpu['name'])}**, {cpu['cores']} core{'s' if cpu['cores'] > 1 else ''}")
    st.caption(
        f"Instructions that matter here: {flags}. "
        + (f"numba compiles for {cpu['target']}." if cpu["target"] else "Without numba: NumPy.")
    )


require_entry()
arrive(SPEED)
live = measurement()
report = live.report or recorded()
heading = st.container()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    batch, threads = choices(report)
    measure_control(live)
network = main_network(report, batch, threads)
heading.html(
    f'<h1 class="ds-finding">{escape(finding(report, network))}</h1>'
    f'<p class="ds-note">{escape(conditions(report, batch, threads))}</p>'
)
if live.error:
    st.warning(f"The measurement failed: {plain(str(live.error))}", icon=":material/warning:")
if report.disturbed:
    st.info("Measure again when the machine is free.", icon=":material/info:")
bars(report, batch, threads)
question = st.segmented_control(
    "Questions",
    QUESTIONS,
    default=QUESTIONS[0],
    required=True,
    key=keys.QUESTION,
    persist_state="session",
    label_visibility="collapsed",
)
if question == SPEEDUP:
    speed_answer(report, batch, threads)
elif question == BESIDE:
    beside_answer(report, batch)
elif question == SIZE:
    size_answer(report, batch, threads)
elif question == BINARY:
    binary_answer()
else:
    onnx_answer()
with st.sidebar:
    machine(report)
share(SPEED, undo=False)
