"""A threshold kernel taken from those that have names: published ones and patterns."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED

__all__ = ["FIRST_PATTERN", "choose_pattern", "choose_published", "lost_ranks"]

#: The pattern that a rail begins with: one that is a pattern, and no uniform threshold.
FIRST_PATTERN = "bayer"


def lost_ranks(kernel: ThresholdKernel) -> str:
    """How many ranks a pattern's levels have merged, in a sentence; nothing where none is lost."""
    name, _, size = kernel.name.partition("@")[0].rpartition("-")
    pattern = PATTERNS.get(name)
    if not (pattern and pattern.ranked and size.isdecimal()):
        return ""
    ranks, kept = pattern.ranked(int(size)).levels.size, len(set(kernel.levels.ravel().tolist()))
    ranks //= kernel.shape[0]
    if kept >= ranks:
        return ""
    return f"Of {ranks} ranks {kept} levels are left. The scale quantile keeps all {ranks}."


def choose_published(key: str, first: str) -> ThresholdKernel:
    """One of the published kernels, in a widget of that key that opens on the first."""
    name = st.selectbox(
        "Published kernel",
        list(PUBLISHED),
        index=list(PUBLISHED).index(first),
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )
    return PUBLISHED[name]


def choose_pattern(key: str, size_key: str) -> ThresholdKernel:
    """A pattern in one of its sizes; each pattern's size has a widget, `size_key` and its name."""
    left, right = st.columns([3, 2])
    name = left.selectbox(
        "Pattern",
        list(PATTERNS),
        index=list(PATTERNS).index(FIRST_PATTERN),
        format_func=lambda key: PATTERNS[key].title,
        key=key,
        persist_state="session",
        label_visibility="collapsed",
    )
    pattern = PATTERNS[name]
    size = right.selectbox(
        "Kernel size",
        pattern.sizes,
        index=pattern.sizes.index(pattern.default),
        format_func=lambda side: f"{side} × {side}",
        key=f"{size_key}{name}",
        persist_state="session",
        label_visibility="collapsed",
    )
    return pattern(size)
