"""The networks that are asked about a picture, opened."""

from __future__ import annotations

from design_core.zoo.naming import distinct_names
from ui.networks import card_of, entry
from ui.predict.picture import Chosen
from ui.predict.subject import Subject

__all__ = ["subject_of"]


def subject_of(chosen: Chosen, references: list[str]) -> Subject:
    """The networks opened; ValueError, in words, where one cannot be."""
    entries = tuple(entry(reference) for reference in references)
    classes = entries[0].pictures.class_names
    return Subject(
        chosen.picture,
        tuple(references),
        entries,
        tuple(distinct_names([card_of(reference) for reference in references])),
        chosen.label if chosen.label in classes else None,
    )
