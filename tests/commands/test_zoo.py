"""Commands about trained networks, from what comes with the project alone."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.__main__ import main
from design_core.lab import many_pictures
from design_core.pictures.samples import sample
from design_core.progress import StoppedError
from design_core.training.recipe import load_recipe
from design_core.zoo.card import CHECKPOINTS, load_cards
from design_core.zoo.entry import open_entry

SIGN = "digits-tiny-w16-sign-affine_on"
DESIGN = "digits-tiny-w16-design_2x2-v2-affine_on"


def output(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(arguments) == status
    return capsys.readouterr().out


def test_models_as_json_are_the_cards(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(output(capsys, "models", "--json"))
    assert [card["name"] for card in listed] == [card.name for card in load_cards(task=None)]
    for card in listed:
        assert isinstance(card["seeds"], list)
        assert {"mean", "ci95", "last"} == set(card["accuracy"])
        keys = {"dataset", "network", "activation", "recipe", "parameters", "bytes", "macs"}
        assert keys | {"density", "confusion", "data", "results"} <= set(card)


def test_models_for_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = output(capsys, "models")
    assert all(card.name in text for card in load_cards())
    assert "95.00% ± 1.90%" in text
    assert main(["models", "--zoo", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(
        f"design models: There are no trained networks in {tmp_path}"
    )


def test_predict_gives_probabilities_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    models = ["--model", f"{SIGN}@2", "--model", DESIGN]
    report = json.loads(output(capsys, "predict", "sample:digit-3", *models, "--json"))
    assert report["picture"]["name"] == "digit-3"
    first, second = report["models"]
    assert (first["name"], first["seed"], second["seed"]) == (SIGN, 2, 0)
    expected = open_entry(f"{SIGN}@2").predict(sample("digit-3"))
    assert first["probabilities"] == expected.probabilities
    assert first["runs_on"] == expected.runs_on
    for answer in (first, second):
        assert answer["class"] == "3"
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_predict_tells_what_was_converted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (8, 8), (0, 0, 0, 9)).save(path)
    note = "transparency laid over white"
    assert f"clear.png: {note}\n" in output(capsys, "predict", str(path), "--model", SIGN)
    report = json.loads(output(capsys, "predict", str(path), "--model", SIGN, "--json"))
    assert report["picture"]["notes"] == [note]


def many(folder: Path) -> None:
    """Three digits and a file that is no picture."""
    for digit in range(3):
        path = folder / f"{digit}.png"
        Image.fromarray(sample(f"digit-{digit}").pixels.squeeze().astype(np.uint8)).save(path)
    (folder / "broken.png").write_bytes(b"no picture")


def test_predict_takes_a_folder_and_more(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    many(tmp_path)
    given = ["predict", str(tmp_path), "sample:digit-7", "--model", SIGN]
    rows = list(csv.DictReader(output(capsys, *given, "--csv").splitlines()))
    by_name = {Path(row["picture"]).stem: row for row in rows}
    assert set(by_name) == {"0", "1", "2", "broken", "sample:digit-7"}
    assert by_name["broken"]["class"] == by_name["broken"]["probability"] == ""
    assert by_name["broken"]["problem"]
    entry = open_entry(SIGN)
    for name, digit in (("0", 0), ("1", 1), ("2", 2), ("sample:digit-7", 7)):
        shares = entry.predict(sample(f"digit-{digit}")).probabilities
        assert by_name[name]["class"] == next(iter(shares))
        assert float(by_name[name]["probability"]) == pytest.approx(max(shares.values()), abs=1e-5)
        assert by_name[name]["problem"] == ""
    told = json.loads(output(capsys, *given, "--json"))
    assert [one["picture"] for one in told] == [row["picture"] for row in rows]
    lines = output(capsys, *given).splitlines()
    assert lines[-1].startswith("sample:digit-7: 7 ")


def test_predict_says_if_no_picture_could_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert "broken.png" in output(capsys, "predict", str(tmp_path), "--model", SIGN, status=1)


def test_ctrl_c_keeps_the_pictures_so_far(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path)
    monkeypatch.setattr(many_pictures, "_TOGETHER", 2)

    class Stopping:
        def __call__(self, fraction: float | None, _message: str) -> None:
            if fraction:
                raise StoppedError

    @contextmanager
    def stopping() -> Iterator[Stopping]:
        yield Stopping()

    monkeypatch.setattr("design_core.commands.predict.watched", stopping)
    told = output(capsys, "predict", str(tmp_path), "--model", SIGN, "--json", status=130)
    assert len(json.loads(told)) == 2


def test_predict_asks_every_network_if_none_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output(capsys, "predict", "sample:cifar10-00").splitlines()
    assert [line.split("@")[0] for line in lines] == [card.name for card in load_cards()]


def test_summary_counts_and_shows_the_cards_density(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "summary", DESIGN)
    assert "BinaryConv2d" in text
    report = json.loads(output(capsys, "summary", f"{DESIGN}@1", "--json"))
    card = open_entry(DESIGN).card
    total = report["total"]
    assert total["packed_bytes"] == card.bytes["packed"]
    assert total["binary_macs"] == card.macs["binary"]
    measured = [layer["density"] for layer in report["layers"] if layer["kind"] == "DeSign"]
    assert measured == list(card.result(1).density.values())


def test_summary_of_a_kind_of_network(capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(output(capsys, "summary", "resnet20", "--json"))
    kinds = [layer["kind"] for layer in report["layers"]]
    assert (report["network"], kinds.count("BinaryConv2d")) == ("resnet20", 18)
    assert output(capsys, "summary", "tiny").startswith("network tiny\n")


def test_evaluate_reproduces_the_card(capsys: pytest.CaptureFixture[str]) -> None:
    reports = json.loads(output(capsys, "evaluate", SIGN, "--json"))
    card = open_entry(SIGN).card
    assert [report["accuracy"] for report in reports] == list(card.accuracies.values())
    assert all(report["as_card"] for report in reports)
    assert {report["runs_on"] for report in reports} == {"1-bit engine"}
    assert "as its card says" in output(capsys, "evaluate", f"{SIGN}@1")


def test_evaluate_fails_where_the_card_is_not_reproduced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree(CHECKPOINTS / SIGN, tmp_path / SIGN)
    path = tmp_path / SIGN / "card.json"
    card = json.loads(path.read_text("utf-8"))
    card["results"][0]["right"] += 1
    path.write_text(json.dumps(card), encoding="utf-8")
    place = ["--zoo", str(tmp_path)]
    assert "NOT as its card" in output(capsys, "evaluate", f"{SIGN}@0", *place, status=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["summary", "moon"], "The zoo has no 'moon'"),
        (["predict", "sample:digit-0", "--model", f"{SIGN}@9"], "has no seed 9"),
        (["evaluate", "moon"], "The zoo has no 'moon'"),
        (["evaluate", SIGN, "--data", "moon"], "Unknown data 'moon'"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_zoo_plan_lists_what_is_left(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    left = output(capsys, "zoo", "plan").split()
    assert not [name for name in left if name.startswith("digits")]
    everything = output(capsys, "zoo", "plan", "--zoo", str(tmp_path), "--only", "demo-*")
    assert everything.split() == [
        *("demo-sign-on-s0", "demo-design2d-on-s0", "demo-sign-off-s0", "demo-design2d-off-s0"),
        *("demo-design3d-on-s0", "demo-hardtanh-on-s0"),
    ]


def test_zoo_plan_measures_a_step_of_each_kind_of_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ["zoo", "plan", "--zoo", str(tmp_path), "--only", "digits-sign-*", "--time"]
    *listed, kind, whole = output(capsys, *asked).splitlines()
    assert listed == [f"digits-sign-on-s{seed}" for seed in range(5)]
    told = re.fullmatch(
        r"digits, activation=sign affine=true: ([\d.]+) ms a step, [\d,]+ pictures a second, "
        r"([\d.]+) hours a run, 5 runs",
        kind,
    )
    assert told
    recipe = load_recipe("digits")
    steps = recipe.epochs * (1437 // recipe.batch_size)
    assert float(told[2]) == pytest.approx(steps * float(told[1]) / 3.6e6, abs=0.006)
    assert re.fullmatch(r"All 5 runs, one at a time: [\d.]+ hours of training\.", whole)
    assert list(tmp_path.iterdir()) == []


def test_zoo_plan_lists_the_runs_for_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    left = output(capsys, "zoo", "plan", "--list", "gpu", "--only", "*-s0").split()
    assert left[0] == "gpu-w128-sign-on-s0"
    assert {name.split("-")[1] for name in left} == {"w128", "resnet18", "cifar100"}


def test_zoo_table_writes_what_it_prints(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    printed = output(capsys, "zoo", "table")
    path = tmp_path / "page.md"
    path.write_text("<!-- zoo table: begin -->\n<!-- zoo table: end -->\n", encoding="utf-8")
    output(capsys, "zoo", "table", "--write", str(path))
    assert printed in path.read_text("utf-8")


def test_zoo_train_collect_and_park_have_nothing_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    runs = ["--runs", str(tmp_path / "runs")]
    assert "0 runs are left" in output(capsys, "zoo", "train", "--only", "digits-*", *runs)
    assert "No run is under way" in output(
        capsys, "zoo", "park", "--only", "digits-*", *runs, "--zoo", str(tmp_path)
    )
    (tmp_path / "runs" / "half").mkdir()
    assert "half: not finished" in output(capsys, "zoo", "collect", str(tmp_path / "runs"))


def test_enlarged_pictures_are_trained_on_collected_and_evaluated(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for split, count in (("train", 4), ("test", 2)):
        for name in ("dark", "light"):
            folder = tmp_path / "data" / "cifar10" / split / name
            folder.mkdir(parents=True)
            for shade in range(count):
                grey = 10 * shade + 200 * (name == "light")
                Image.new("RGB", (8, 8), (grey,) * 3).save(folder / f"{shade}.png")
    run, zoo = str(tmp_path / "run"), ["--zoo", str(tmp_path / "zoo")]
    data = ["--data-root", str(tmp_path / "data")]
    changes = ("image_size=16", "epochs=1", "batch_size=4", "compile=false")
    settings = [word for change in changes for word in ("--set", change)]
    output(capsys, "train", "digits", "--data", "cifar10", *data, "--out", run, *settings)
    assert "evaluated again" in output(capsys, "zoo", "collect", run, *data, *zoo)
    (card,) = load_cards(tmp_path / "zoo")
    assert card.network["image_size"] == 16
    for network in (card.name, run):
        (report,) = [json.loads(output(capsys, "evaluate", network, *data, *zoo, "--json"))]
        assert report["accuracy"] == card.accuracy
    assert "same class" in output(capsys, "zoo", "verify", *data, *zoo)


def test_zoo_report_answers_in_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in (SIGN, DESIGN):
        shutil.copytree(CHECKPOINTS / name, tmp_path / name)
    told = output(capsys, "zoo", "report", "--zoo", str(tmp_path))
    assert "No difference between DeSign 2D and Sign is shown: +0.78 points" in told
    assert "Which part of the gain does batch norm take over?" in told
    assert "With Sign, 0 of 480 channels never fire" in told
    assert "A training step takes" in told
    assert "These networks do not answer this." in told  # no uniform control among them
