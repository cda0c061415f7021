"""Documents say what the cards say."""

from __future__ import annotations

from pathlib import Path

import pytest

from design_core.study.documents import between_markers, documents, write_documents
from design_core.zoo.card import load_cards

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("path", "name"), [("docs/results.md", "zoo table"), ("README.md", "finding")]
)
def test_documents_show_the_cards(path: str, name: str) -> None:
    """If this fails: ``python -m design_core zoo table --write README.md docs/results.md``."""
    parts = between_markers((ROOT / path).read_text("utf-8"), name)
    assert parts is not None
    assert parts[1].strip() == documents(load_cards(task=None))[name].strip()


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    begin, end = "<!-- finding: begin -->", "<!-- finding: end -->"
    path.write_text(f"before\n{begin}\nold\n{end}\nafter\n", encoding="utf-8")
    write_documents(path, {"finding": "new\n", "zoo table": "has no place here"})
    assert path.read_text("utf-8") == f"before\n{begin}\n\nnew\n\n{end}\nafter\n"
    path.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match="to put text between"):
        write_documents(path, {"finding": "new"})
    assert path.read_text("utf-8") == "no markers"
