"""What the Predict page is about: a picture and the networks that are asked."""

from __future__ import annotations

from dataclasses import dataclass

from design_core.pictures import Picture
from design_core.zoo.entry import Entry
from design_core.zoo.network_file import PictureForm

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
        The same networks, opened. All take pictures of one size and know the same classes.
    names
        Short and distinct names of them, for sentences, legends and columns.
    true_class
        The picture's class among theirs, None where it is not known or none of theirs.

    Raises
    ------
    ValueError
        Networks of different picture sizes or classes.
    """

    picture: Picture
    references: tuple[str, ...]
    entries: tuple[Entry, ...]
    names: tuple[str, ...]
    true_class: str | None

    def __post_init__(self) -> None:
        for name, entry in zip(self.names, self.entries, strict=True):
            if _kind(entry) != _kind(self.entries[0]):
                raise ValueError(
                    f"{self.names[0]} takes pictures of {_said(self.entries[0])}, {name} of "
                    f"{_said(entry)}. Leave one of them out: only networks of one picture size "
                    "and the same classes can be asked side by side."
                )

    @property
    def form(self) -> PictureForm:
        """What the networks take."""
        return self.entries[0].pictures

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the networks know."""
        return self.form.class_names


def _kind(entry: Entry) -> tuple[tuple[int, ...], tuple[str, ...]]:
    pictures = entry.pictures
    return pictures.shape, pictures.class_names


def _said(entry: Entry) -> str:
    (channels, height, width), classes = _kind(entry)
    return f"{width}×{height}, {channels} channels and {len(classes)} classes"
