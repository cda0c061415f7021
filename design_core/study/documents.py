"""What documents say of the zoo, written between markers: the tables, and the finding in brief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from design_core.atomic import write_atomically
from design_core.segmentation.scores import CLASSIFICATION, SEGMENTATION
from design_core.study.assumption import assumption_markdown
from design_core.study.corruptions import corruptions_markdown, recorded_corruptions
from design_core.study.evidence import evidence_markdown
from design_core.study.markdown_tables import results_markdown
from design_core.study.pattern_gains import gains_markdown
from design_core.study.picture_cuts import finding_markdown, pictures_markdown
from design_core.study.segmentation import segmentation_markdown
from design_core.zoo.card import Card

__all__ = ["between_markers", "documents", "write_documents"]


def documents(cards: Sequence[Card]) -> dict[str, str]:
    """Markdown by the name of its markers.

    Parameters
    ----------
    cards
        Of all tasks.
    """
    of_pixels = [card for card in cards if card.task == SEGMENTATION]
    cards = [card for card in cards if card.task == CLASSIFICATION]
    tables = (
        *(pictures_markdown(cards), gains_markdown(cards)),
        *(evidence_markdown(cards), results_markdown(cards)),
        *(assumption_markdown(cards), _corruptions(cards)),
        segmentation_markdown(of_pixels),
    )
    return {
        "zoo table": "\n".join(part for part in tables if part),
        "finding": finding_markdown(cards),
    }


def _corruptions(cards: Sequence[Card]) -> str:
    found = recorded_corruptions(cards)
    if not found:
        return ""
    return f"**Corrupted test pictures, accuracy in percent**\n\n{corruptions_markdown(found)}"


def between_markers(text: str, name: str) -> tuple[str, str, str] | None:
    """What stands before, between and after the markers of a name; None if they are not there."""
    before, begin, rest = text.partition(f"<!-- {name}: begin -->")
    inside, end, after = rest.partition(f"<!-- {name}: end -->")
    return (before + begin, inside, end + after) if begin and end else None


def write_documents(path: Path, texts: Mapping[str, str]) -> None:
    """Replace what stands between the markers of a file.

    Parameters
    ----------
    texts
        By the name of the markers, as `documents` gives them. Those of which the file has no
        markers are left out.

    Raises
    ------
    ValueError
        The file has none of the markers.
    """
    whole = old = path.read_text(encoding="utf-8")
    found = False
    for name, text in texts.items():
        if parts := between_markers(whole, name):
            found, whole = True, f"{parts[0]}\n\n{text.strip()}\n\n{parts[2]}"
    if not found:
        names = " or ".join(f"<!-- {name}: begin --> and <!-- {name}: end -->" for name in texts)
        raise ValueError(f"{path} has no lines {names} to put text between.")
    if whole != old:
        write_atomically(path, whole.encode())
