"""What to do where DeSign loses a picture, and where else to take the kernel: one click each."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import parse_kernel
from design_core.search.for_picture import best_kernel, centred
from design_core.zoo.arms import PICTURE_ARMS
from ui.compute import Scene, maps_of
from ui.design.desk import take_to_design
from ui.explore import keys
from ui.rail import keys as rail_keys
from ui.rail.controls import take_as_own
from ui.text import plain

__all__ = ["best_words", "remedies"]

#: Side of the pictures that the networks of one-bit pictures take.
NETWORK_SIDE = 32

_BEST = "explore_best"  # the kernel that was found last, and why


def remedies(
    scene: Scene, shown: ThresholdKernel, *, flat: bool, begin_anew: Callable[[], None]
) -> None:
    """The buttons.

    Parameters
    ----------
    shown
        The kernel on screen.
    flat
        Whether the maps hold one value only, for which no kernel is better than another.
    begin_anew
        Lets the viewer open again with what a button has set.
    """
    with st.container(horizontal=True, gap="xsmall", key="explore_remedies"):
        st.button(
            "Centre the thresholds",
            icon=":material/vertical_align_center:",
            key="centre",
            help="Move all thresholds by one offset, so that their mean is 0, where Sign cuts.",
            disabled=flat or abs(float(shown.thresholds.mean())) < 1e-6,
            on_click=_centre,
            args=(shown, begin_anew),
        )
        st.button(
            "Best kernel for this picture",
            icon=":material/search:",
            key="best_here",
            help="Search all 1,296 kernels of 2×2 on six thresholds fitted to these feature maps "
            "for the one that keeps the most bits per pixel.",
            disabled=flat,
            on_click=_find,
            args=(scene, shown),
        )
        st.button(
            "Edit in Design",
            icon=":material/grid_on:",
            key="edit_in_design",
            help="Change levels, size and scale there, on this picture, and come back.",
            on_click=_leave_for_design,
            args=(shown,),
        )
        st.button(
            "As a 1-bit network sees it",
            icon=":material/sensors:",
            key="as_network",
            help="Red, green and blue at the size that the trained networks take, each cut by "
            "Bayer 2×2 with a phase of its own: one bit per pixel and colour.",
            on_click=_as_network,
            args=(begin_anew,),
        )
        if scene.source == "rgb" and scene.longest == NETWORK_SIDE:
            st.page_link(
                "pages/predict.py",
                label="Ask networks that see only bits",
                icon=":material/arrow_forward:",
                query_params={"picture": str(st.session_state.get(rail_keys.PICTURE_CODE, ""))},
            )


def best_words(shown: ThresholdKernel) -> str:
    """Why the kernel on screen was chosen, where the search has found it; else nothing."""
    kernel, words = st.session_state.get(_BEST, (None, ""))
    return str(words) if kernel == shown else ""


def _leave_for_design(shown: ThresholdKernel) -> None:
    """Before the script, which what the viewer reports may begin anew: a click would be lost."""
    take_to_design(shown)
    st.switch_page("pages/design.py")


def _as_network(begin_anew: Callable[[], None]) -> None:
    """Show what the one-bit pictures' network receives, and its bits."""
    st.session_state[rail_keys.SOURCE] = "rgb"
    st.session_state[rail_keys.LONGEST] = NETWORK_SIDE
    cut = PICTURE_ARMS["phases2"].activation.partition(":")[2]
    take_as_own(parse_kernel(cut).renamed("Bayer 2×2 with a phase per colour"))
    begin_anew()


def _centre(shown: ThresholdKernel, begin_anew: Callable[[], None]) -> None:
    st.session_state[keys.VIEWER_OFFSET] = centred(shown).scale.offset
    begin_anew()


def _find(scene: Scene, shown: ThresholdKernel) -> None:
    name = scene.picture.name
    try:
        found = best_kernel(maps_of(scene).x, shown, source=name)
    except ValueError as error:
        st.toast(plain(str(error)), icon=":material/info:")
        return
    words = (
        f"Best of all {found.searched:,} kernels of 2×2 on six thresholds fitted to these maps: "
        f"{found.bits:.2f} bits per pixel, where {shown.name or 'the kernel before'} keeps "
        f"{found.bits_before:.2f}."
    )
    st.session_state[_BEST] = (found.kernel, words)
    take_as_own(found.kernel)
