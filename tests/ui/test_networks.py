"""Cards are read once, and again when one of them changes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from design_core.paths import CHECKPOINTS
from design_core.zoo import card
from ui import networks

NAMES = ("digits-tiny-w16-sign-affine_on", "digits-tiny-w16-design_2x2-v2-affine_on")


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A zoo of one card, which the app looks at."""
    shutil.copytree(CHECKPOINTS / NAMES[0], tmp_path / NAMES[0])
    for function in (card.load_cards, card.damaged_cards, card.zoo_stamp):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    look_again()
    yield tmp_path
    look_again()


def look_again() -> None:
    """As after a second."""
    networks.stamp.clear()


@pytest.mark.usefixtures("zoo")
def test_cards_are_read_once() -> None:
    (first,) = networks.zoo_cards()
    look_again()
    (again,) = networks.zoo_cards()
    assert again is first


def test_a_changed_card_is_seen(zoo: Path) -> None:
    (before,) = networks.zoo_cards()
    path = zoo / NAMES[0] / "card.json"
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["recipe"]["epochs"] += 1
    path.write_text(json.dumps(plain), encoding="utf-8")
    look_again()
    (after,) = networks.zoo_cards()
    assert after.recipe["epochs"] == before.recipe["epochs"] + 1
    # One of the same size that came a moment later is another too.
    kept = networks.zoo_cards()
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    look_again()
    assert networks.zoo_cards() is not kept


def test_cards_come_and_go(zoo: Path) -> None:
    assert len(networks.zoo_cards()) == 1
    shutil.copytree(CHECKPOINTS / NAMES[1], zoo / NAMES[1])
    look_again()
    assert len(networks.zoo_cards()) == 2
    (zoo / NAMES[1] / "card.json").write_text("no card", encoding="utf-8")
    look_again()
    assert [one.name for one in networks.zoo_cards()] == [NAMES[0]]
    assert any(NAMES[1] in reason for reason in networks._damaged(networks.stamp()))
