"""A finished run of one's own is taken wherever a network of the zoo is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from design_core.__main__ import main
from design_core.engine import load_packed
from design_core.pictures.samples import sample
from design_core.study.report import report
from design_core.training.data import load_data
from design_core.training.recipe import load_recipe
from design_core.training.run import train_run
from design_core.zoo.card import find_card, load_cards, located
from design_core.zoo.collect import collect_run
from design_core.zoo.entry import open_entry

NAME = "mine @ home"  # as a folder may be called


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs") / NAME
    recipe = load_recipe("digits").with_changes(["epochs=2", "warmup_epochs=1", "width=8"])
    train_run(recipe, load_data("digits"), folder, seed=3, report=lambda *_: None)
    return folder


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_it_is_the_network_that_it_is_once_collected(run: Path, tmp_path: Path) -> None:
    card = collect_run(run, None, root=tmp_path)
    ours, theirs = open_entry(*located(str(run))), open_entry(card.name, tmp_path)
    assert ours.card.results == theirs.card.results
    for quantity in ("network", "recipe", "data", "parameters", "bytes", "macs", "confusion"):
        assert getattr(ours.card, quantity) == getattr(theirs.card, quantity)
    assert ours.card.curve(3) == theirs.card.curve(3)
    assert all(map(np.array_equal, ours.card.predictions(3), theirs.card.predictions(3)))
    answers = [one.predict(sample("digit-3")) for one in (ours, theirs)]
    assert answers[0].probabilities == answers[1].probabilities
    assert answers[0].runs_on == "1-bit engine"


def test_a_run_of_several_plans_is_not_collected(tmp_path: Path) -> None:
    """Its recipe alone would name other weights than those that it came to."""
    short = load_recipe("digits").with_changes(["epochs=1", "warmup_epochs=1", "width=8"])
    data, folder = load_data("digits"), tmp_path / "run"
    train_run(short, data, folder, report=lambda *_: None)
    train_run(short.with_changes(["epochs=2"]), data, folder, resume=True, report=lambda *_: None)
    with pytest.raises(ValueError, match="was planned for 1, then 2 epochs"):
        collect_run(folder, None, root=tmp_path / "zoo")
    assert not (tmp_path / "zoo").exists()


def test_every_command_takes_it(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = open_entry(*located(str(run)))
    told = json.loads(output(capsys, "predict", "sample:digit-3", "--model", str(run), "--json"))
    expected = entry.predict(sample("digit-3")).probabilities
    assert told["models"][0]["probabilities"] == expected
    assert f"'name': '{NAME}'" in str(json.loads(output(capsys, "summary", str(run), "--json")))
    assert main(["diagnose", str(run), "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["name"] == NAME
    packed = tmp_path / "mine.packed"
    output(capsys, "export", str(run), "--to", "packed", "--out", str(packed))
    x = entry.pictures.input(entry.pictures.square(sample("digit-3"))[None])
    assert entry.packed is not None
    assert np.array_equal(load_packed(packed)(x), entry.packed(x))
    measured = json.loads(output(capsys, "evaluate", str(run), "--json"))
    assert measured["right"] == entry.card.results[0].right


def test_a_folder_of_runs_is_a_zoo(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "begun").mkdir()
    shutil.copyfile(run / "run.json", tmp_path / "begun" / "run.json")
    shutil.copytree(run, tmp_path / "finished")
    assert [card.name for card in load_cards(tmp_path)] == ["finished"]
    assert find_card("finished@3", tmp_path)[1] == 3
    assert find_card(NAME, run.parent)[1] is None
    assert "finished" in output(capsys, "models", "--zoo", str(tmp_path))
    answers = {section.question: section.answers for section in report(load_cards(tmp_path))}
    assert len(answers["How dense are the activations?"]) == 1


def test_an_unfinished_run_is_said_to_be_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(run, tmp_path / "begun")
    (tmp_path / "begun" / "result.json").unlink()
    assert main(["summary", str(tmp_path / "begun")]) == 1
    assert "holds no finished training run. Go on with train --resume" in capsys.readouterr().err
    shutil.copytree(run, tmp_path / "damaged")
    (tmp_path / "damaged" / "result.json").write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        open_entry("damaged", tmp_path)
