"""Accuracy against strength: the thresholds scaled at inference, on part of a test set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.lab.strength import (
    STRENGTHS,
    Counted,
    accuracy_at,
    finding,
    own_kernels,
    strengthened,
)
from design_core.networks.activation import Kernels
from design_core.pictures.dataset_cards import is_embedded
from design_core.zoo.naming import data_set_heading
from ui.charts import show_chart
from ui.networks import FORWARD
from ui.predict import keys
from ui.predict.lab import (
    Counts,
    Network,
    Pictures,
    counts,
    has_test_set,
    held_out,
    networks,
    samples,
)
from ui.predict.lab_charts import strength_chart
from ui.predict.lab_choices import COUNTS, FIRST_COUNT, OWN_KERNEL
from ui.predict.subject import Subject
from ui.rail import keys as rail_keys
from ui.text import plain

__all__ = ["strength_panel"]

_QUICK = 360  # pictures of 8×8: counted without being asked for

Curves = list[tuple[Network, dict[float, Counted]]]


def strength_panel(subject: Subject) -> None:
    """Which kernel and how many pictures; the chart; what is left to count."""
    binary = [network for network in networks(subject) if network.is_binary]
    if not binary:
        st.info(
            "None of these networks has binary activations. Choose another.",
            icon=":material/info:",
        )
        return
    dataset = binary[0].entry.card.dataset
    kernel, title, count = _controls(dataset)
    try:
        pictures = held_out(dataset, subject.form, count) or samples(dataset, subject.form)
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if pictures is None or pictures.key[0] == "samples":
        _absent(dataset, samples=pictures is not None)
    if pictures is None:
        return
    curves = [(network, _known(network, kernel, pictures)) for network in binary]
    missing = sum(
        strength not in known
        for network, known in curves
        for strength in _strengths(network, kernel)
    )
    button, progress, chart = st.empty(), st.empty(), st.empty()
    _draw(chart, curves, title, pictures)
    if missing and (_is_quick(pictures) or _asked(button, missing, pictures)):
        bar = progress.progress(0.0, "Starting")
        for _ in _count(bar, curves, kernel, pictures, missing):
            _draw(chart, curves, title, pictures)
        button.empty()
        progress.empty()


def _controls(dataset: str) -> tuple[ThresholdKernel | None, str, int]:
    """The kernel (None: each network's own), its name, and how many pictures."""
    left, right = st.columns([3, 2])
    own: ThresholdKernel | None = st.session_state.get(rail_keys.OWN_KERNEL)
    offered = [OWN_KERNEL, *PUBLISHED, *(["the kernel of Design"] if own else [])]
    if st.session_state.get(keys.STRENGTH_KERNEL, OWN_KERNEL) not in offered:
        del st.session_state[keys.STRENGTH_KERNEL]
    name = left.selectbox(
        "Kernel to scale",
        offered,
        key=keys.STRENGTH_KERNEL,
        persist_state="session",
        help="Every threshold is multiplied by a factor at inference: 0 is Sign, 1 the kernel as "
        "it is, in the cut of the picture where a network has one, else in its activations. "
        "Weights and batch norms stay as trained. A network that was trained with Sign has no "
        "thresholds of its own to scale: give it a kernel here.",
    )
    count: int | None = _QUICK
    if has_test_set(dataset) and not is_embedded(dataset):
        count = right.segmented_control(
            "Test pictures",
            COUNTS,
            default=FIRST_COUNT,
            required=True,
            key=keys.STRENGTH_COUNT,
            persist_state="session",
            help="Drawn from the test set once and for all.",
        )
    kernel = None if name == OWN_KERNEL else PUBLISHED.get(name, own)
    return kernel, name, count or FIRST_COUNT


def _absent(dataset: str, *, samples: bool) -> None:
    here = "the embedded samples are counted" if samples else "nothing can be counted"
    st.info(
        f"The {plain(data_set_heading(dataset))} test set is not on this machine, so {here}. Under "
        "Picture, Data set, it can be downloaded. The networks trained on digits need no download.",
        icon=":material/cloud_off:",
    )


def _kernels_of(network: Network, kernel: ThresholdKernel | None) -> Kernels:
    return (kernel,) if kernel else own_kernels(network.entry.checkpoint)


def _strengths(network: Network, kernel: ThresholdKernel | None) -> tuple[float, ...]:
    """The ends and middles first, so that a stopped count still shows the whole range."""
    if not any(_kernels_of(network, kernel)):
        return (0.0,)  # Sign with nothing to scale
    coarse = [s for s in STRENGTHS if s % 0.5 == 0]
    return (*coarse, *(s for s in STRENGTHS if s not in coarse))


def _at(network: Network, kernel: ThresholdKernel | None, strength: float) -> Kernels:
    return strengthened(_kernels_of(network, kernel), strength)


def _known(
    network: Network, kernel: ThresholdKernel | None, pictures: Pictures
) -> dict[float, Counted]:
    kept: Counts = counts(network, pictures)
    found = {s: kept.get(_at(network, kernel, s)) for s in _strengths(network, kernel)}
    return {strength: counted for strength, counted in found.items() if counted}


def _is_quick(pictures: Pictures) -> bool:
    """What comes along is counted at once; all else on a click, since it takes its time."""
    return pictures.key[0] == "samples" or is_embedded(str(pictures.key[1]))


def _asked(place: DeltaGenerator, missing: int, pictures: Pictures) -> bool:
    """Whether to count now.

    The way to stop takes the place of the button: were that to vanish, all below would move away
    from under the mouse.
    """
    asked = place.button(
        f"Count {missing} points on {plain(pictures.subset.title)}",
        type="primary",
        icon=":material/play_arrow:",
        key="strength_go",
    )
    if asked:
        place.button("Stop", icon=":material/stop:", key="strength_stop")
    return asked


def _count(
    bar: DeltaGenerator,
    curves: Curves,
    kernel: ThresholdKernel | None,
    pictures: Pictures,
    missing: int,
) -> Iterator[None]:
    """Fill the curves in, and yield after each point.

    Any other interaction reruns the page, which stops the count; what is counted is kept.
    """
    jobs = [
        (network, strength, known)
        for network, known in curves
        for strength in _strengths(network, kernel)
        if strength not in known
    ]
    for number, (network, strength, known) in enumerate(jobs):
        words = f"{network.name} at {strength:g} ×"
        changed = _at(network, kernel, strength)
        with FORWARD:
            counted = accuracy_at(
                network.entry.checkpoint,
                changed,
                pictures.subset,
                progress=partial(_report, bar, words, number / missing, 1 / missing),
            )
        counts(network, pictures).put(changed, counted)
        known[strength] = counted
        yield


def _report(
    bar: DeltaGenerator, words: str, before: float, share: float, done: int, total: int
) -> None:
    bar.progress(before + share * done / total, f"{plain(words)}: {done} of {total} pictures")


def _draw(place: DeltaGenerator, curves: Curves, title: str, pictures: Pictures) -> None:
    """Draw what is known in place of what was drawn before."""
    drawn = [(network, known) for network, known in curves if known]
    if not drawn:
        return
    named: Mapping[str, Mapping[float, Counted]] = {n.name: known for n, known in drawn}
    what = f"{finding(named)} On {pictures.subset.title}; 95 % intervals by Wilson."
    told = "; ".join(
        f"{network.name}: "
        + ", ".join(f"{100 * known[s].accuracy:.1f} % at {s:g}" for s in sorted(known))
        for network, known in drawn
    )
    points = sum(len(known) for _, known in drawn)
    with place.container():
        show_chart(
            strength_chart(drawn, of=title),
            title=what,
            alt=told,
            key=f"strength_chart_{points}",  # a key may be drawn once in a run
        )
        st.caption(
            "Weights and batch norms stay as they were trained: the curve shows how much the "
            "trained network leans on its thresholds, not what training with others would give."
        )
