"""Cards of the zoo that comes with the project, and what makes a name."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from design_core.zoo.card import (
    CHECKPOINTS,
    Card,
    card_name,
    damaged_cards,
    find_card,
    load_cards,
)

CARDS = load_cards()


def test_the_digits_are_in_the_zoo() -> None:
    assert {"sign", "design:2x2-v2"} <= {c.activation for c in CARDS if c.dataset == "digits"}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_agrees_with_its_files(card: Card) -> None:
    assert card.name == card.folder.name == card_name(vars(card))
    assert card.seeds == sorted(set(card.seeds))
    for result in card.results:
        data = card.file(result.seed).read_bytes()
        assert hashlib.sha256(data).hexdigest() == result.sha256
        assert len(data) == result.bytes
        right = card.right(result.seed)
        assert right.sum() == result.right
        assert right.mean() == pytest.approx(result.accuracy, abs=1e-12)
        assert len(right) == card.data["test"]
        # The last epoch, not the best.
        curve = card.curve(result.seed)
        assert curve[-1] == result.accuracy
        assert len(curve) == card.recipe["epochs"]
        assert card.curve(result.seed, "loss")[-1] == result.training_loss
    assert np.trace(card.confusion) == sum(result.right for result in card.results)
    assert np.sum(card.confusion) == len(card.seeds) * card.data["test"]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_the_file_is_what_the_card_says(card: Card) -> None:
    text = (card.folder / "card.json").read_text("utf-8")
    assert text == card.text()
    plain = json.loads(text)
    last = plain["accuracy"]["last"]
    assert len(last) == len(plain["seeds"])
    assert plain["accuracy"]["mean"] == pytest.approx(math.fsum(last) / len(last))
    assert (plain["accuracy"]["ci95"] is None) == (len(last) == 1)
    assert plain["bytes"]["packed"] < plain["bytes"]["float32"]
    # The header of the file, which names the classes, is all that comes on top.
    names = json.dumps(plain["data"]["class_names"])
    assert 0 < card.results[0].bytes - plain["bytes"]["packed"] < 5900 + 2 * len(names)
    assert "/" not in plain["recipe"]["name"]


def test_references(tmp_path: Path) -> None:
    name = "digits-tiny-w16-sign-affine_on"
    card, seed = find_card(name)
    assert (card.name, seed) == (name, None)
    assert card.result(None).seed == card.seeds[0]
    assert find_card(f"{name}@3")[1] == 3
    with pytest.raises(ValueError, match="has no seed 77; it has 0, 1, 2, 3, 4"):
        find_card(f"{name}@77")
    with pytest.raises(ValueError, match=f"is written {name}@0"):
        find_card(f"{name}@x")
    with pytest.raises(ValueError, match="The zoo has no '../x'. Its networks: .*" + name):
        find_card("../x")
    with pytest.raises(ValueError, match="no trained networks in"):
        find_card(name, tmp_path)


@pytest.mark.parametrize(
    "text",
    ['{"name": "net", "results": []}', '{"results": [], "network": [1]}', '{"x"', "[]", ""],
)
def test_a_damaged_card_is_named_and_takes_no_other_away(tmp_path: Path, text: str) -> None:
    for name in ("digits-tiny-w16-sign-affine_on", "digits-tiny-w16-design_2x2-v2-affine_on"):
        shutil.copytree(CHECKPOINTS / name, tmp_path / name)
    (tmp_path / name / "card.json").write_text(text)
    assert [card.name for card in load_cards(tmp_path)] == ["digits-tiny-w16-sign-affine_on"]
    (told,) = damaged_cards(tmp_path)
    assert re.search(r"card\.json is not a model card", told)
    assert damaged_cards() == []


@pytest.mark.parametrize(
    ("recipe", "data", "activation", "expected"),
    [
        ("statistics", "cifar10", "sign", "cifar10-vgg_small-w32-sign-affine_off"),
        ("digits", "digits", "design:2x2-v2", "digits-vgg_small-w32-design_2x2-v2-affine_off"),
        (
            "mine",
            "folder:a b",
            "uniform:1;3",
            "folder_a_b-vgg_small-w32-uniform_1_3-affine_off-mine",
        ),
    ],
)
def test_names(recipe: str, data: str, activation: str, expected: str) -> None:
    network = {"name": "vgg_small", "width": 32, "activation": activation, "affine": False}
    run = {"data": {"name": data}, "recipe": {"name": recipe}, "network": network}
    assert card_name(run) == expected


def test_kernels_by_code_get_short_names_of_their_own() -> None:
    def name(code: str) -> str:
        network = {"name": "tiny", "width": 4, "activation": f"design:code={code}", "affine": True}
        return card_name({"data": {"name": "d"}, "recipe": {"name": "r"}, "network": network})

    assert name("11_05") != name("11_07")
    assert len(name("1" * 5000)) < 60


def test_cards_are_read_without_torch() -> None:
    code = "import sys, design_core.zoo.card as c; c.load_cards(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
