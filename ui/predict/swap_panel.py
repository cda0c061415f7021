"""Swap the kernel: the same weights with other thresholds, at inference."""

from __future__ import annotations

import streamlit as st

from design_core.browser.limits import REACH
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import decode_kernel, rescaled
from design_core.lab.agreement import change
from design_core.lab.walkthrough import Walker
from design_core.zoo.entry import Entry
from design_core.zoo.naming import describe_network
from ui.charts import chart_title, ink
from ui.figures import kernel_image
from ui.predict import keys
from ui.predict.answers import answer_card
from ui.predict.lab_choices import CODE, FIRST_KERNEL, WHERE
from ui.predict.subject import Subject
from ui.predict.taken import take_scale
from ui.predict.walkthrough_view import walk_chart, walk_maps
from ui.predict.walkthroughs import Side, walked
from ui.rail import keys as rail_keys
from ui.rail.fields import named
from ui.rail.kernel_choice import choose_pattern, choose_published
from ui.text import plain

__all__ = [
    "FIRST_TEXT",
    "WAYS",
    "swap_panel",
]

WAYS = ("Published", "Pattern", "Text", "Own", "Sign")
_SCALES = ("published", "lloyd-max", "quantile", "matlab")
FIRST_TEXT = "1 3; 3 1"


def swap_panel(subject: Subject) -> None:
    """Controls, both answers, and the walk from one to the other."""
    walkers = [Walker.trained(entry.checkpoint) for entry in subject.entries]
    binary = [k for k, walker in enumerate(walkers) if walker.is_binary]
    if not binary:
        st.info(
            "None of these networks has binary activations to exchange. Choose another.",
            icon=":material/info:",
        )
        return
    left, right = st.columns([2, 5], gap="medium")
    with left:
        name = st.selectbox("Network", [subject.names[k] for k in binary], key="swap_network")
        which = subject.names.index(name)
        entry, reference = subject.entries[which], subject.references[which]
        at_picture = takes_bits(entry) and _where() == WHERE[0]
        kernel = _kernel()
        st.session_state[keys.SWAP_KERNEL] = kernel  # for the link
    try:
        walk = walked(subject.picture, Side(reference), Side(reference, True, kernel, at_picture))
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    new = "plain Sign" if kernel is None else kernel.name or f"[{kernel}]"
    own = describe_network(entry.card, entry.seed)
    with right:
        chart_title(change(*walk.probabilities))
        trained = walk.layers[0 if at_picture else -1].kernels[0]
        cards = [
            answer_card(
                title,
                probabilities,
                colour=colour,
                kernel=shown,
                about=about,
                foot="PyTorch, since every layer's maps are kept",
                true_class=subject.true_class,
            )
            for title, probabilities, colour, shown, about in (
                (f"{name}, as trained", walk.probabilities[0], ink().sign, trained, own),
                (f"{name} with {new}", walk.probabilities[1], ink().this, kernel, "same weights"),
            )
        ]
        st.html(f'<div class="ds-answers">{"".join(cards)}</div>')
        walk_chart(walk, key="swap")
    walk_maps(walk, ("as trained", f"with {new}"), key="swap")


def takes_bits(entry: Entry) -> bool:
    """Whether a network takes pictures of one bit per pixel and colour."""
    return not entry.picture.startswith(("real", "thermometer"))


def _where() -> str:
    return str(
        st.segmented_control(
            "Exchange at",
            WHERE,
            default=WHERE[0],
            required=True,
            key=keys.SWAP_WHERE,
            persist_state="session",
            help="The cut that turns the picture into bits, or the activations of all layers.",
        )
    )


def _turned() -> None:
    """The kernel from Design comes with its own strength and offset, others with 1 and 0."""
    own = st.session_state[keys.SWAP_WAY] == "Own"
    take_scale(st.session_state[rail_keys.OWN_KERNEL] if own else PUBLISHED[FIRST_KERNEL])


def _kernel() -> ThresholdKernel | None:
    own: ThresholdKernel | None = st.session_state.get(rail_keys.OWN_KERNEL)
    ways = [way for way in WAYS if own or way != "Own"]
    way = st.segmented_control(
        "Kernel",
        ways,
        default=WAYS[0],
        required=True,
        key=keys.SWAP_WAY,
        persist_state="session",
        on_change=_turned,
    )
    if way == "Sign":
        return None
    if way == "Own" and own:
        chosen = own
    elif way == "Pattern":
        chosen = choose_pattern("swap_pattern", "swap_size_")
    elif way == "Text":
        chosen = _text()
    else:
        chosen = choose_published("swap_published", FIRST_KERNEL)
    picture = st.empty()
    scaled = _scaled(chosen)
    picture.html(f'<div class="ds-card">{kernel_image(scaled, cell=40)}</div>')
    return scaled


def _text() -> ThresholdKernel:
    text = st.text_input(
        "Levels or thresholds",
        FIRST_TEXT,
        key=keys.SWAP_TEXT,
        persist_state="session",
        help="Numbers by spaces, rows by ; and slices by |. Whole numbers are levels, others "
        f"thresholds. Or {CODE} and what stands behind kernel= in a link.",
    ).strip()
    try:
        if text.startswith(CODE):
            return named(decode_kernel(text.removeprefix(CODE)))
        return ThresholdKernel.from_text(text)
    except ValueError as error:
        st.warning(f"{plain(str(error))} Shown with [{FIRST_TEXT}].", icon=":material/info:")
        return ThresholdKernel.from_text(FIRST_TEXT)


def _scaled(kernel: ThresholdKernel) -> ThresholdKernel:
    scales = list(dict.fromkeys((kernel.scale.name, *_SCALES)))
    name = st.selectbox(
        "Scaling",
        scales,
        key=f"swap_scale_{kernel.scale.name}",
        persist_state="session",
        help="How levels become thresholds on a batch-norm output.",
    )
    strength = st.slider(
        "Strength",
        -REACH,
        REACH,
        1.0,
        0.05,
        key=keys.SWAP_STRENGTH,
        persist_state="session",
        help="Factor on every threshold; 0 is plain Sign.",
    )
    offset = st.slider(
        "Offset",
        -REACH,
        REACH,
        0.0,
        0.05,
        key=keys.SWAP_OFFSET,
        persist_state="session",
        help="Added to every threshold.",
    )
    try:
        return rescaled(kernel, name).scaled(strength=strength, offset=offset)
    except ValueError as error:
        st.warning(f"{plain(str(error))} Shown as it came.", icon=":material/info:")
        return kernel.scaled(strength=strength, offset=offset)
