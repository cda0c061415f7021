"""A kernel that another page sends to Predict. It needs no PyTorch, as that page does not."""

from __future__ import annotations

import numpy as np
import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from ui.predict.lab_choices import REACH

__all__ = ["take_kernel", "take_scale"]


def take_kernel(kernel: ThresholdKernel) -> None:
    """Make this the kernel that is swapped in, and show the panel that does it."""
    st.session_state["own_kernel"] = kernel
    st.session_state["predict_panel"] = "Swap the kernel"
    st.session_state["swap_way"] = "Own"
    take_scale(kernel)


def take_scale(kernel: ThresholdKernel) -> None:
    """Set strength and offset to those of a kernel, as far as the sliders go."""
    st.session_state["swap_strength"] = float(np.clip(kernel.scale.strength, -REACH, REACH))
    st.session_state["swap_offset"] = float(np.clip(kernel.scale.offset, -REACH, REACH))
