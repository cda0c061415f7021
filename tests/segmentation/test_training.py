"""From scenes to the zoo by the commands that everything else goes by; on tiny files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from design_core.__main__ import main
from design_core.networks import NetworkSpec
from design_core.segmentation.scores import UNLABELLED, class_iou, mean_iou
from design_core.training.data import load_data
from design_core.training.evaluation import evaluate
from design_core.training.recipe import Recipe, load_recipe
from design_core.training.run import load_run, train_run
from design_core.zoo.card import Card, damaged_cards, find_card, load_cards
from design_core.zoo.collect import collect_run
from design_core.zoo.entry import open_entry
from tests.made_scenes import SIZE, write_scenes

CHANGES = ("width=4", "epochs=3", "batch_size=2", "crop_padding=2", "compile=false")


def recipe(*changes: str) -> Recipe:
    return load_recipe("camvid").with_changes([*CHANGES, *changes])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_scenes(folder)
    return folder


@pytest.fixture(scope="module")
def zoo(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of DeSign and one of Hardtanh."""
    base, data = tmp_path_factory.mktemp("zoo"), load_data("camvid", root=root)
    runs = tmp_path_factory.mktemp("runs")
    for activation, seed in (("design:2x2-v2", 0), ("design:2x2-v2", 1), ("hardtanh", 0)):
        run = runs / f"{activation[:4]}-{seed}"
        train_run(recipe(f"activation={activation}"), data, run, seed=seed)
        collect_run(run, data, root=base)
    return base


def design(zoo: Path) -> Card:
    (card,) = (c for c in load_cards(zoo, task="segmentation") if c.activation == "design:2x2-v2")
    return card


def test_a_run_says_what_its_pixels_come_to(root: Path, tmp_path: Path) -> None:
    data = load_data("camvid", root=root)
    result = train_run(recipe("epochs=8"), data, tmp_path)
    description, model = load_run(tmp_path)
    assert description["task"] == "segmentation"
    assert description["data"]["shape"] == [3, *SIZE]
    mean, deviation = data.mean_and_deviation()
    tested = evaluate(model, data.test_x, data.test_y, mean, deviation)
    assert tested.predictions.shape == data.test_y.shape
    known = data.test_y != UNLABELLED
    assert tested.accuracy == (tested.predictions == data.test_y)[known].double().mean()
    assert result["accuracy"] == tested.accuracy
    assert result["mean_iou"] == mean_iou(tested.confusion(11))
    assert np.sum(result["confusion"]) == known.sum()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["test_mean_iou"] == result["mean_iou"]
    assert lines[-1]["loss"] < 0.9 * lines[0]["loss"]
    with np.load(tmp_path / "predictions.npz") as kept:
        assert kept["confusions"].shape == (4, 11, 11)
        assert kept["confusions"].sum(0).tolist() == result["confusion"]


def test_the_loss_leaves_unlabelled_pixels_out(root: Path) -> None:
    data = load_data("camvid", root=root)
    model = NetworkSpec.from_dict(recipe().network).build().eval()
    mean, deviation = data.mean_and_deviation()
    whole = evaluate(model, data.test_x, data.test_y, mean, deviation)
    scores = model(data.input(data.test_x)).movedim(1, -1)
    known = data.test_y != UNLABELLED
    expected = torch.nn.functional.cross_entropy(scores[known], data.test_y[known].long())
    assert whole.loss == pytest.approx(expected.item(), rel=1e-5)


def test_a_killed_run_goes_on_through_the_same_steps(root: Path, tmp_path: Path) -> None:
    data = load_data("camvid", root=root)
    whole = train_run(recipe(), data, tmp_path / "whole")

    class KilledError(Exception):
        pass

    def killed(text: str, finished: bool) -> None:
        if finished and text.startswith("epoch 2/"):
            raise KilledError

    with pytest.raises(KilledError):
        train_run(recipe(), data, tmp_path / "cut", report=killed)
    resumed = train_run(recipe(), data, tmp_path / "cut", resume=True)
    for key in ("accuracy", "mean_iou", "loss", "confusion"):
        assert resumed[key] == whole[key]


def test_cards_of_pixels_are_kept_apart(zoo: Path) -> None:
    assert load_cards(zoo) == []
    assert damaged_cards(zoo) == []
    assert len(load_cards(zoo, task="segmentation")) == len(load_cards(zoo, task=None)) == 2
    card = design(zoo)
    assert card.name.startswith("camvid-encoder_decoder-w4-design_2x2-v2-affine_on-")
    assert (card.folder / "card.json").read_text("utf-8") == card.text()
    with pytest.raises(ValueError, match="gives a class to every pixel, not one to the picture"):
        find_card(card.name, zoo)
    with pytest.raises(ValueError, match="gives one class to a picture, not one to each pixel"):
        find_card("digits-tiny-w16-sign-affine_on", task="segmentation")


def test_a_card_has_the_scores_of_every_seed(zoo: Path) -> None:
    card = design(zoo)
    plain = json.loads(card.text())
    assert plain["task"] == "segmentation"
    for seed in (0, 1):
        counts = card.picture_confusions(seed)
        assert counts.shape == (4, 11, 11)
        assert card.mean_ious[seed] == mean_iou(counts.sum(0))
    assert plain["mean_iou"]["last"] == list(card.mean_ious.values())
    assert plain["mean_iou"]["mean"] == pytest.approx(np.mean(plain["mean_iou"]["last"]))
    total = sum(card.picture_confusions(seed).sum(0) for seed in (0, 1))
    assert np.array_equal(card.confusion, total)
    told = plain["class_iou"]
    found = {name: iou for name, iou in told.items() if iou is not None}
    assert found == dict(zip(found, class_iou(total)[~np.isnan(class_iou(total))], strict=True))


def test_a_class_map_is_what_the_evaluation_saw(zoo: Path, root: Path) -> None:
    from design_core.segmentation.camvid import open_scenes
    from design_core.segmentation.scores import confusion_counts

    entry = open_entry(f"{design(zoo).name}@1", zoo, task="segmentation")
    scenes = open_scenes(root)
    counts = entry.card.picture_confusions(1)
    for k in range(len(scenes)):
        found = confusion_counts(scenes.truth(k), entry.class_map(scenes.picture(k)), 11)
        assert np.array_equal(found, counts[k])


def test_the_commands_take_such_data(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, data = str(tmp_path / "run"), ["--data-root", str(root)]
    settings = [word for change in CHANGES for word in ("--set", change)]
    assert main(["train", "camvid", "--data", "camvid", *data, "--out", run, *settings]) == 0
    assert "mean IoU" in capsys.readouterr().out
    own = ["--zoo", str(tmp_path / "zoo")]
    assert main(["zoo", "collect", run, *data, *own]) == 0
    assert "test set evaluated again" in capsys.readouterr().out
    assert main(["models", "--json", *own]) == 0
    (card,) = json.loads(capsys.readouterr().out)
    assert (card["dataset"], card["task"]) == ("camvid", "segmentation")


def test_the_plan_has_three_seeds_of_four_arms() -> None:
    from design_core.study.plan import plan
    from design_core.study.queue import job_card

    jobs = [job for job in plan() if job.name.startswith("camvid-")]
    assert [job.seed for job in jobs] == [0] * 4 + [1] * 4 + [2] * 4
    assert {job_card(job) for job in jobs} == {
        f"camvid-encoder_decoder-w32-{arm}-affine_on"
        for arm in ("sign", "design_2x2-v2", "uniform_2x2-v2", "hardtanh")
    }
