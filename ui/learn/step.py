"""What a step of the story is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import encode_kernel

__all__ = ["Dial", "Step", "Told", "explore"]


@dataclass(frozen=True)
class Dial:
    """The one slider of a step.

    Parameters
    ----------
    key
        In the session.
    """

    key: str
    label: str
    low: float
    high: float
    start: float
    step: float
    explained: str

    @property
    def name(self) -> str:
        """Its parameter in the address."""
        return self.key.removeprefix("learn_")

    def show(self) -> float:
        """Draw it and return where it stands."""
        st.session_state.setdefault(self.key, self.start)
        value: float = st.slider(
            self.label,
            self.low,
            self.high,
            step=self.step,
            key=self.key,
            persist_state="session",
            help=self.explained,
            width=420,
        )
        return value


@dataclass(frozen=True)
class Told:
    """What a step says, once its picture is drawn.

    Parameters
    ----------
    heading
        The step in one sentence.
    words
        Two or three sentences, Markdown.
    link
        ``page?parameters`` of the same scene.
    """

    heading: str
    words: str
    link: str


@dataclass(frozen=True)
class Step:
    """One idea.

    Parameters
    ----------
    key
        In the address.
    title
        A few words, in the list of steps.
    show
        Draws control and picture.
    dial
        Its slider, if it has one.
    """

    key: str
    title: str
    show: Callable[[], Told]
    dial: Dial | None = None


def explore(kernel: ThresholdKernel | str = "", **parameters: Any) -> str:
    """The address of a scene in Explore; a strength of 1 is the kernel's own and not named."""
    if isinstance(kernel, ThresholdKernel):
        kernel = encode_kernel(kernel)
    given = {**({"kernel": kernel} if kernel else {}), **parameters}
    if given.get("strength") == 1:
        del given["strength"]
    return f"explore?{urlencode(given)}"
