"""What the paper's objective selects among all kernels, and what it misses."""

from __future__ import annotations

import streamlit as st

from design_core.kernels.kernel import OMEGA
from design_core.search.block_tables import random_convolution_tables
from design_core.search.find import SearchResult
from design_core.search.report import Finding, finding_report

__all__ = ["finding_panel"]


@st.cache_resource(max_entries=1, show_spinner="Scoring every kernel of 2×2 and 3×3 …")
def _report() -> Finding:
    """The same for everybody, and exact."""
    return finding_report(
        lambda form: random_convolution_tables(OMEGA, form=form), sizes=((2, 2), (3, 3))
    )


def finding_panel() -> None:
    """The finding in sentences, and the tables that they are taken from."""
    report = _report()
    signed = _result(report, "signed", "tv")
    relu = _result(report, "relu", "tv")
    kept = _result(report, "relu", "information")
    st.markdown(
        "The paper chooses kernels by the total variation of random binary convolutions. Scored "
        "exactly for every kernel, that objective is degenerate.\n\n"
        f"- **Signed values.** The maximum, {signed.score:.3f}, is shared by {signed.ties:,} of "
        f"{signed.kernels:,} kernels of 2×2, plain Sign among them. {_ranks(signed)}\n"
        f"- **After ReLU.** {_named(relu)} wins with {relu.score:.3f} and keeps "
        f"{relu.best[0].information:.3f} bits per pixel. {_ranks(relu)}\n"
        "- **Blind to the picture.** In this model neighbouring values are independent: every "
        "kernel scores the same on shuffled pixels.\n"
        f"- **Information turns the order.** {_named(kept)} keeps the most after ReLU, "
        f"{kept.score:.3f} bits per pixel. {_ranks(kept)}\n\n"
        "On real pictures neighbours are alike, and information does speak for dithering where "
        "thresholds lie on both sides of zero. Score on *Picture* and search by information to "
        "see it."
    )
    with st.expander("The figures"):
        st.markdown(report.markdown())
        st.caption("Also by `python -m design_core search --report`, with 4×4.")


def _result(report: Finding, form: str, objective: str) -> SearchResult:
    """The search over 2×2 kernels with this form and objective."""
    (found,) = (
        result
        for result in report.results
        if (result.form, result.objective, result.size) == (form, objective, (2, 2))
    )
    return found


def _named(result: SearchResult) -> str:
    return f"[{str(result.best[0].kernel).replace(';', '; ')}]"


def _ranks(result: SearchResult) -> str:
    """Where the published 2×2 kernels stand."""
    places = (
        f"{scored.kernel.name} ranks {scored.rank:,}"
        for scored in result.published
        if scored.rank is not None
    )
    return "; ".join(places) + "."
