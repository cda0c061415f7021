"""A kernel that another page sends to Predict. It needs no PyTorch, as that page does not."""

from __future__ import annotations

import numpy as np
import streamlit as st

from design_core.browser.limits import REACH
from design_core.kernels.kernel import ThresholdKernel
from ui.predict import keys
from ui.rail import keys as rail_keys

__all__ = ["take_kernel", "take_scale"]


def take_kernel(kernel: ThresholdKernel) -> None:
    """Make this the kernel that is swapped in, and show the panel that does it."""
    st.session_state[rail_keys.OWN_KERNEL] = kernel
    st.session_state[keys.PANEL] = "Swap the kernel"
    st.session_state[keys.SWAP_WAY] = "Own"
    take_scale(kernel)


def take_scale(kernel: ThresholdKernel) -> None:
    """Set strength and offset to those of a kernel, as far as the sliders go."""
    st.session_state[keys.SWAP_STRENGTH] = float(np.clip(kernel.scale.strength, -REACH, REACH))
    st.session_state[keys.SWAP_OFFSET] = float(np.clip(kernel.scale.offset, -REACH, REACH))
