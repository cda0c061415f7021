"""What kernels are scored on: the controls, and the sentence about this kernel."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from design_core.kernels.kernel import ThresholdKernel
from design_core.search.block_tables import FORMS
from design_core.search.find import KernelScore
from ui.compute import Scene
from ui.design import keys
from ui.design.landscapes import Judged, Listing, Question

__all__ = [
    "Choice",
    "finding",
    "form_words",
    "number_list",
    "objective_words",
    "ordinal",
    "scoring_controls",
    "source_words",
]

FORM_TITLES = {
    "relu": "After ReLU",
    "signed": "Signed",
    "reconstruction": "Reconstruction T · bit",
}
_FORM_WORDS = {
    "relu": "after ReLU",
    "signed": "signed",
    "reconstruction": "thresholds times bits",
}
SOURCES = ("Random model", "Picture")
WEIGHTED = "weighted"
#: Of information beside total variation, at most.
MAX_WEIGHT = 4.0
OBJECTIVES = {
    "tv": "Total variation",
    "tv-isotropic": "Total variation, isotropic",
    "information": "Information",
    "correlation": "Correlation with x",
    WEIGHTED: "Weighted sum",
}
_OBJECTIVE_WORDS = {
    "tv": "total variation",
    "tv-isotropic": "isotropic total variation",
    "information": "information",
    "correlation": "correlation with x",
}


@dataclass(frozen=True)
class Choice:
    """What the controls say."""

    on_picture: bool
    form: str
    objective: str

    def question(self, kernel: ThresholdKernel, scene: Scene) -> Question:
        """The question that this makes of a kernel's levels and scale."""
        return Question(
            scene=scene if self.on_picture else None,
            form=self.form,
            objective=self.objective,
            levels=kernel.level_set,
            scale=kernel.scale,
        )


def scoring_controls() -> Choice:
    """Draw the controls for source, form and objective."""
    source = st.segmented_control(
        "Score on",
        SOURCES,
        default=SOURCES[0],
        required=True,
        key=keys.SCORE_SOURCE,
        persist_state="session",
        width="stretch",
        help="Random model: all pictures and all binary 3×3 convolutions of one channel, counted "
        "exactly. Picture: the feature maps of the picture below.",
    )
    form = st.selectbox(
        "Form",
        list(FORM_TITLES),
        format_func=lambda key: FORM_TITLES[key],
        key=keys.SCORE_FORM,
        persist_state="session",
        help="What is scored. "
        + " ".join(f"{FORM_TITLES[form]}: {FORMS[form]}." for form in FORM_TITLES),
    )
    objective = st.selectbox(
        "Objective",
        list(OBJECTIVES),
        format_func=lambda key: OBJECTIVES[key],
        key=keys.SCORE_OBJECTIVE,
        persist_state="session",
        help="Total variation: edges per pixel, the places where neighbouring bits differ, mean "
        "|dx| + mean |dy|. Isotropic: mean √(dx² + dy²). Information: what a 2×2 block of bits "
        "tells of its block of x, bits per pixel; it is the entropy of blocks, given their place.",
    )
    if objective == WEIGHTED:
        weight = st.slider(
            "Weight of information",
            0.0,
            MAX_WEIGHT,
            1.0,
            0.1,
            key=keys.SCORE_WEIGHT,
            persist_state="session",
            help="The score is total variation + weight · information.",
        )
        objective = f"tv + {weight:g}*information"
    return Choice(source == SOURCES[1], form, objective)


def source_words(question: Question, *, with_notes: bool = False) -> str:
    """Source and form in a few words: they belong to every score.

    With notes also what was converted while the picture was read.
    """
    source, notes = "random binary convolutions", ""
    if question.scene:
        source = question.scene.picture.name
        notes = "".join(f" · {note}" for note in question.scene.picture.notes)
    return f"{source}, {form_words(question.form)}{notes if with_notes else ''}"


def form_words(form: str) -> str:
    """The form in the middle of a sentence."""
    return _FORM_WORDS[form]


def objective_words(objective: str) -> str:
    """The objective in a few words."""
    return _OBJECTIVE_WORDS.get(objective, objective.replace("*", " · "))


def finding(kernel: ThresholdKernel, judged: Judged, listing: Listing, question: Question) -> str:
    """One sentence: where the kernel stands, and what it keeps."""
    name = kernel.name or "This kernel"
    by = objective_words(question.objective)
    rows, columns = kernel.shape[1:]
    if len(judged.slices) > 1:
        stands = f"{name} scores {judged.whole.score:.3f} by {by}, the mean of its slices"
    elif judged.whole.rank is not None:
        stands = f"{name} ranks {ordinal(judged.whole.rank)} of {listing.size:,} by {by}"
    elif listing.sample is not None:
        share = listing.sample.share_below(judged.whole.score)
        stands = f"{name} beats {share:.1%} of random {rows}×{columns} kernels by {by}"
    else:
        stands = f"{name} scores {judged.whole.score:.3f} by {by}"
    if judged.whole.ignores_picture:
        return f"{stands}, and all but ignores the picture."
    return f"{stands}, and keeps {judged.whole.information:.2f} bits per pixel."


def number_list(kernel: ThresholdKernel, judged: Judged, listing: Listing) -> str:
    """The numbers under the kernel, as HTML."""
    whole = judged.whole
    entries = [
        (
            "edges per pixel",
            f"{whole.tv:.3f}",
            "Total variation: places where neighbouring bits differ.",
        ),
        (
            "bits per pixel",
            f"{whole.information:.3f}",
            "Information: what a 2×2 block of bits tells of the values beneath it.",
        ),
        ("density", f"{whole.density:.1%}", "Share of pixels that fire, P(x ≥ T), on the source."),
        (_rank_title(kernel), _ranks(judged, listing), _rank_help(listing)),
    ]
    return (
        '<dl class="ds-numbers">'
        + "".join(
            f'<div title="{escape(help_text, quote=True)}"><dt>{title}</dt><dd>{value}</dd></div>'
            for title, value, help_text in entries
        )
        + "</dl>"
    )


def _rank_title(kernel: ThresholdKernel) -> str:
    return "rank by slice" if kernel.shape[0] > 1 else "rank"


def _ranks(judged: Judged, listing: Listing) -> str:
    if listing.sample is not None:
        shares = [listing.sample.share_below(one.score) for one in judged.slices[:4]]
        return ", ".join(f"top {1 - share:.1%}" for share in shares)
    ranks = [_rank(one) for one in judged.slices[:4]]
    return ", ".join(ranks) + (", …" if len(judged.slices) > 4 else "")


def _rank(scored: KernelScore) -> str:
    return f"{scored.rank:,}" if scored.rank is not None else "–"


def _rank_help(listing: Listing) -> str:
    if listing.sample is not None:
        return f"Among {listing.size:,} random kernels of this size: all are too many to list."
    return f"1 is the best of all {listing.size:,} kernels of this size."


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, …; thousands parted."""
    teens = 10 <= number % 100 <= 20
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
