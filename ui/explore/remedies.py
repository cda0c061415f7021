"""What to do where DeSign loses a picture, and where else to take the kernel: one click each."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.search.for_picture import best_kernel, centred
from ui.compute import Scene, maps_of
from ui.design.desk import take_to_design
from ui.rail.controls import own_kernel
from ui.share.address import begin_anew
from ui.text import plain

__all__ = ["best_words", "remedies"]

_BEST = "explore_best"  # the kernel that was found last, and why


def remedies(scene: Scene, shown: ThresholdKernel, *, flat: bool) -> None:
    """The buttons.

    Parameters
    ----------
    shown
        The kernel on screen.
    flat
        Whether the maps hold one value only, for which no kernel is better than another.
    """
    with st.container(horizontal=True, gap="xsmall", key="explore_remedies"):
        st.button(
            "Centre the thresholds",
            icon=":material/vertical_align_center:",
            key="centre",
            help="Move all thresholds by one offset, so that their mean is 0, where Sign cuts.",
            disabled=flat or abs(float(shown.thresholds.mean())) < 1e-6,
            on_click=_centre,
            args=(shown,),
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
        if st.button(
            "Edit in Design",
            icon=":material/grid_on:",
            key="edit_in_design",
            help="Change levels, size and scale there, on this picture, and come back.",
        ):
            take_to_design(shown)
            st.switch_page("pages/design.py")


def best_words(shown: ThresholdKernel) -> str:
    """Why the kernel on screen was chosen, where the search has found it; else nothing."""
    kernel, words = st.session_state.get(_BEST, (None, ""))
    return str(words) if kernel == shown else ""


def _centre(shown: ThresholdKernel) -> None:
    st.session_state["viewer_offset"] = centred(shown).scale.offset
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
    own_kernel(found.kernel)
