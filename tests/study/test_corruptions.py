"""Corruption accuracy against a plain loop, and its tests, on the networks of digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from design_core.__main__ import main
from design_core.pictures.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from design_core.statistics import compare_seeds
from design_core.study import corruptions
from design_core.study.claims import is_shown
from design_core.study.corruptions import (
    CorruptedCard,
    corrupted_accuracy,
    corruption_band,
    corruption_sentences,
    corruption_tests,
    corruptions_markdown,
    recorded_corruptions,
)
from design_core.training.data import load_data
from design_core.zoo.card import find_card, load_cards
from design_core.zoo.entry import open_entry

SIGN, DESIGN = (f"digits-tiny-w16-{key}-affine_on" for key in ("sign", "design_2x2-v2"))
COUNT = 30


@pytest.fixture(scope="module")
def found() -> list[CorruptedCard]:
    data = load_data("digits")
    entries = [
        open_entry(f"{name}@{seed}") for name in (SIGN, DESIGN) for seed in find_card(name)[0].seeds
    ]
    return corrupted_accuracy(entries, data.test_x[:COUNT].numpy(), data.test_y[:COUNT].numpy())


def test_accuracy_is_that_of_a_plain_loop(found: list[CorruptedCard]) -> None:
    """PyTorch in place of the engine, picture by picture."""
    data, entry = load_data("digits"), open_entry(f"{DESIGN}@1")
    one = found[1].seeds[1]
    for name, severity in (("noise", 5), ("shift", 3), ("pixelate", 2)):
        right = 0
        for picture, label in zip(data.test_x[:COUNT], data.test_y[:COUNT], strict=True):
            changed = corrupt(picture.numpy(), name, severity)[None]
            scores = entry.checkpoint.scores(entry.pictures.input(changed))
            right += int(scores.argmax() == label)
        assert one.accuracy[name][severity - 1] == right / COUNT


def test_the_mean_is_over_corruptions_and_severities(found: list[CorruptedCard]) -> None:
    one = found[0].seeds[0]
    assert set(one.accuracy) == set(CORRUPTIONS)
    shares = np.array(list(one.accuracy.values()))
    assert shares.shape == (len(CORRUPTIONS), len(SEVERITIES))
    assert one.mean == pytest.approx(shares.mean())
    assert one.clean >= one.mean


def test_seeds_are_paired(found: list[CorruptedCard]) -> None:
    (test,) = corruption_tests(found)
    assert (test.title, test.first, test.second) == ("DeSign 2D minus Sign", DESIGN, SIGN)
    assert test.difference == compare_seeds(found[1].means, found[0].means)
    assert test.p == test.difference.p  # a single one
    assert test.difference.counts == (5, 5)
    text = corruptions_markdown(found)
    assert text.count("\n| digits-") == 2
    ((_, told),) = corruption_sentences(found)
    assert f"- {told}" in text
    mean, shown = test.difference.mean, is_shown(test.difference, test.p)
    points = f"DeSign 2D is {100 * abs(mean):.2f} points {'above' if mean > 0 else 'below'} Sign"
    expected = points if shown else "No difference between DeSign 2D and Sign is shown: "
    assert told.startswith(expected)
    assert told.endswith("by Holm).")


def test_the_command_gives_the_same(
    found: list[CorruptedCard], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["zoo", "corruptions", "--only", DESIGN, "--count", str(COUNT), "--json"]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"networks": [json.loads(json.dumps(found[1].to_dict()))], "tests": []}
    assert main(["zoo", "corruptions", "--only", "nothing"]) == 1
    assert "No network of the zoo is called 'nothing'" in capsys.readouterr().err


def test_no_pictures_are_told() -> None:
    with pytest.raises(ValueError, match="got 0 and 0"):
        corrupted_accuracy([], np.empty((0, 8, 8, 1), np.uint8), np.empty(0, np.int64))


def test_the_record_is_read_as_it_was_measured(
    found: list[CorruptedCard], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = tmp_path / "corruptions.json"
    monkeypatch.setattr(corruptions, "CORRUPTED", record)
    cards = [one.card for one in found]
    assert recorded_corruptions(cards) == []
    record.write_text(json.dumps({"networks": [one.to_dict() for one in found], "tests": []}))
    again = recorded_corruptions(cards)
    assert [one.to_dict() for one in again] == [one.to_dict() for one in found]
    assert recorded_corruptions(cards[1:])[0].card is cards[1]
    assert list(corruption_sentences(again)) == list(corruption_sentences(found))


def test_a_band_begins_with_the_picture_as_it_is(found: list[CorruptedCard]) -> None:
    one = found[0]
    blur = corruption_band(one, "blur")
    assert len(blur.mean) == 1 + len(SEVERITIES)
    for band in (blur, corruption_band(one)):
        assert band.mean[0] == pytest.approx(np.mean([seed.clean for seed in one.seeds]))
    assert blur.low[5] == min(seed.accuracy["blur"][4] for seed in one.seeds)
    assert corruption_band(one).mean[1:].mean() == pytest.approx(np.mean(list(one.means.values())))


def test_the_record_here_is_of_whole_test_sets_and_of_networks_that_are_here() -> None:
    found = recorded_corruptions(load_cards())
    assert found
    for one in found:
        assert one.pictures == one.card.data["test"]
        assert [seed.seed for seed in one.seeds] == list(one.card.seeds)
        for seed in one.seeds:
            assert seed.clean == pytest.approx(one.card.accuracies[seed.seed], abs=1e-9)
