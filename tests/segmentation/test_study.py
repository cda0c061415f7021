"""What cards of pixels are said to answer, on made cards; the command that colours a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from design_core.__main__ import main
from design_core.output.class_maps import COLOURS, class_colour, class_map_png, difference_png
from design_core.segmentation.camvid import CLASSES
from design_core.segmentation.scores import UNLABELLED
from design_core.study.documents import documents
from design_core.study.segmentation import (
    pixel_answers,
    segmentation_markdown,
    segmentation_sentences,
)
from design_core.training.data import load_data
from design_core.training.recipe import load_recipe
from design_core.training.run import train_run
from design_core.zoo.card import Card, find_card
from design_core.zoo.collect import collect_run
from tests.made_scenes import write_scenes


def made(activation: str, ious: Sequence[float]) -> Card:
    base, _ = find_card("digits-tiny-w16-sign-affine_on")
    results = tuple(
        replace(base.results[0], seed=seed, accuracy=0.8, mean_iou=iou)
        for seed, iou in enumerate(ious)
    )
    return replace(
        base,
        name=f"camvid-{activation}",
        task="segmentation",
        network={**base.network, "name": "encoder_decoder", "activation": activation},
        data={**base.data, "name": "camvid", "class_names": list(CLASSES)},
        confusion=(np.eye(11, dtype=int) + 1).tolist(),
        results=results,
    )


SIGN = made("sign", (0.50, 0.52, 0.51))
DESIGN = made("design:2x2-v2", (0.53, 0.545, 0.541))
UNIFORM = made("uniform:2x2-v2", (0.53, 0.55, 0.53))
REAL = made("hardtanh", (0.60,))
CARDS = [REAL, UNIFORM, DESIGN, SIGN]


def test_two_tests_are_paired_and_corrected_together() -> None:
    found = pixel_answers(CARDS)
    assert [one.other.activation for one in found] == ["sign", "uniform:2x2-v2"]
    plain = [
        stats.ttest_rel(list(DESIGN.mean_ious.values()), list(other.mean_ious.values())).pvalue
        for other in (SIGN, UNIFORM)
    ]
    assert plain[0] < plain[1]
    assert found[0].p == pytest.approx(min(1, 2 * plain[0]))
    assert found[1].p == pytest.approx(max(plain[1], found[0].p))
    assert found[0].sentence().startswith("DeSign 2D minus Sign in mean IoU: +2.87 points")
    assert found[0].sentence().endswith(": a gain.")
    assert found[1].sentence().endswith(": no difference is shown.")
    few = pixel_answers([made("design:2x2-v2", (0.5, 0.6)), SIGN])
    assert few[0].sentence().endswith("too few seeds for a claim.")
    assert pixel_answers([DESIGN, REAL]) == []


def test_every_card_is_told_with_its_seeds() -> None:
    told = [sentence for _, sentence in segmentation_sentences(CARDS)]
    assert told[0].startswith("Sign has a mean IoU of 51.00 ± ")
    assert any("60.00 %" in one and "(1 seed)" in one for one in told)
    assert len(told) == 6


def test_tables_have_each_arm_and_each_class() -> None:
    table = segmentation_markdown(CARDS)
    assert "**CamVid, encoder_decoder" in table
    assert all(name in table for name in CLASSES)
    assert table.index("| Sign |") < table.index("| DeSign 2D [1 1; 3 3] |")
    assert segmentation_markdown([]) == ""
    other, _ = find_card("digits-tiny-w16-sign-affine_on")
    whole = documents([other, *CARDS])["zoo table"]
    assert table.strip() in whole
    assert "CamVid" not in documents([other])["zoo table"]


def test_colours_are_one_for_each_class() -> None:
    assert len(set(COLOURS)) == len(CLASSES)
    assert class_colour(UNLABELLED) == "#F7F5F0"
    assert class_colour(11) == class_colour(0)


def read(png: bytes, path: Path) -> np.ndarray:  # type: ignore[type-arg]
    path.write_bytes(png)
    return np.asarray(Image.open(path).convert("RGB"))


def test_maps_become_pictures_pixel_by_pixel(tmp_path: Path) -> None:
    classes = np.array([[0, 1], [UNLABELLED, 10]])
    pixels = read(class_map_png(classes), tmp_path / "map.png")
    told = [[class_colour(int(k)) for k in row] for row in classes]
    assert [["#{:02X}{:02X}{:02X}".format(*p) for p in row] for row in pixels] == told
    first, second = np.array([[0, 1, 1, 1]]), np.array([[0, 0, 0, 2]])
    truth = np.array([[0, 1, 0, UNLABELLED]])
    drawn = read(difference_png(first, second, truth), tmp_path / "difference.png")[0]
    assert [tuple(map(int, p)) for p in drawn] == [
        *((0x14, 0x16, 0x1A), (0xE6, 0x9F, 0x00), (0x00, 0x72, 0xB2), (0xF7, 0xF5, 0xF0))
    ]
    alone = read(difference_png(first, second), tmp_path / "alone.png")[0]
    assert len(np.unique(alone, axis=0)) == 2


def test_commands_verify_report_and_segment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_scenes(tmp_path)
    changes = ["width=4", "epochs=1", "batch_size=2", "crop_padding=2", "compile=false"]
    recipe = load_recipe("camvid").with_changes(changes)
    zoo = tmp_path / "zoo"
    train_run(recipe, load_data("camvid", root=tmp_path), tmp_path / "run")
    card = collect_run(tmp_path / "run", load_data("camvid", root=tmp_path), root=zoo)
    own = ["--zoo", str(zoo)]
    assert main(["zoo", "verify", *own, "--data-root", str(tmp_path)]) == 0
    assert "same class for 1,536 of 1,536 pixels of 4 pictures" in capsys.readouterr().out
    assert main(["zoo", "report", *own]) == 0
    assert "Sign has a mean IoU of" in capsys.readouterr().out
    assert main(["zoo", "table", *own]) == 0
    assert "IoU by class" in capsys.readouterr().out
    out = tmp_path / "map.png"
    asked = ["segment", "sample:coffee", "--network", card.name, "--out", str(out), *own]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(one["share"] for one in told["classes"]) == pytest.approx(1)
    assert Image.open(out).size == (24, 16)
    assert main(["predict", "sample:coffee", "--model", card.name, *own]) == 1
    assert "gives a class to every pixel" in capsys.readouterr().err
    digits = ["segment", "sample:coffee", "--network", "digits-tiny-w16-sign-affine_on"]
    assert main([*digits, "--out", str(out)]) == 1
    assert "gives one class to a picture" in capsys.readouterr().err
