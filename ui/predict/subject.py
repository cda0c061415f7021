"""What the Predict page is about: a picture and the networks that are asked."""

from __future__ import annotations

from dataclasses import dataclass

from design_core.pictures import Picture
from design_core.zoo.checkpoint import PictureForm
from design_core.zoo.entry import Entry

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """What every panel of the page is given.

    Parameters
    ----------
    picture
        As it was chosen, in full size.
    references
        The networks by reference, ``NAME@SEED``, in the order of the page; one to four.
    entries
        The same networks, opened. All take pictures of one form and know the same classes.
    names
        Short and distinct names of them, for sentences, legends and columns.
    true_class
        The picture's class among theirs, None where it is not known or none of theirs.
    """

    picture: Picture
    references: tuple[str, ...]
    entries: tuple[Entry, ...]
    names: tuple[str, ...]
    true_class: str | None

    @property
    def form(self) -> PictureForm:
        """What the networks take."""
        return self.entries[0].checkpoint.pictures

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the networks know."""
        return self.form.class_names
