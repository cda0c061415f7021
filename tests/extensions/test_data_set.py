"""A data set that others add is one card: every command and every panel takes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from design_core.__main__ import main
from design_core.lab.predicted_pictures import sets_of_classes
from design_core.lab.subset import held_out_subset
from design_core.pictures.dataset_cards import DATASETS, DatasetCard, Labelled
from design_core.pictures.datasets import DatasetError, dataset_picture, open_dataset
from design_core.pictures.download import download_dataset
from design_core.zoo.card import load_cards
from design_core.zoo.entry import open_entry
from tests.extensions.test_pages import text
from ui.compare.address import PANELS as COMPARE_PANELS
from ui.predict.address import PANELS as PREDICT_PANELS

CLASSES = ("dark", "bright")
TINY = ("--set", "width=4", "--set", "epochs=1", "--set", "compile=false")


def read(root: Path, split: str) -> Labelled:
    """Grey squares, half of them dark: 160 for training, 40 for the test."""
    del root
    rng = np.random.default_rng(split == "test")
    labels = np.arange(40 if split == "test" else 160) % 2
    pictures = rng.integers(0, 100, (len(labels), 10, 10)) + 150 * labels[:, None, None]
    return labels, pictures.astype(np.uint8).__getitem__


CARD = DatasetCard("Two Greys", CLASSES, "this test", read)


@pytest.fixture(scope="module", autouse=True)
def _with_greys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DATASETS, "_entries", dict(DATASETS))
        DATASETS.add("greys", CARD)
        yield


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks trained on the set by the command line, with Sign and DeSign."""
    folder = tmp_path_factory.mktemp("greys")
    for name in ("sign", "design:2x2-v2"):
        command = ["train", "digits", "--data", "greys", "--set", f"activation={name}", *TINY]
        assert main([*command, "--out", str(folder / "runs" / name[:4])]) == 0
    assert main(["zoo", "collect", str(folder / "runs"), "--zoo", str(folder / "zoo")]) == 0
    return folder / "zoo"


@pytest.mark.parametrize(
    "command",
    [
        ("models",),
        ("predict", "set:greys-test:1"),
        ("evaluate", "NAME"),
        ("evaluate", "NAME", "--data", "greys", "--json"),
        ("diagnose", "NAME", "--data", "greys", "--count", "20"),
        ("summary", "NAME"),
        ("zoo", "verify"),
        ("zoo", "table"),
        ("zoo", "report"),
        ("maps", "set:greys-test:0"),
    ],
)
def test_every_command_takes_it(
    zoo: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    name = load_cards(zoo)[0].name
    words = [word.replace("NAME", name) for word in command]
    where = [] if command[0] == "maps" else ["--zoo", str(zoo)]
    assert main([*words, *where]) in (0, 1)  # a diagnosis that finds something exits with 1
    shown = capsys.readouterr()
    assert not shown.err
    told = {"predict": "bright", "table": "Two Greys", "report": "Two Greys", "maps": "greys"}
    expected = next((told[word] for word in command if word in told), "")
    assert expected in shown.out


def test_its_test_set_is_that_of_the_card(zoo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = load_cards(zoo)[0]
    assert (card.dataset, tuple(card.class_names), card.data["test"]) == ("greys", CLASSES, 40)
    assert main(["evaluate", card.name, "--zoo", str(zoo), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["as_card"] is True
    assert sets_of_classes(CLASSES) == ["greys"]
    form = open_entry(card.name, zoo).pictures
    assert form.shape == (3, 32, 32)  # as networks ask for that say nothing
    subset = held_out_subset(form, "greys", count=10)
    assert subset is not None
    assert (subset.title, subset.pixels.shape) == ("10 Two Greys test pictures", (10, 32, 32, 3))


def test_a_set_without_a_download_says_where_its_files_belong(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DATASETS, "_entries", dict(DATASETS))
        DATASETS.add("mine", DatasetCard("Mine", CLASSES, "this test", read, folder="mine"))
        with pytest.raises(DatasetError, match=r"no folder mine\. Put its files there"):
            open_dataset("mine", tmp_path)
        (tmp_path / "mine").mkdir()
        assert len(open_dataset("mine", tmp_path)) == 40
    download_dataset("greys", tmp_path)  # is there already
    with pytest.raises(ValueError, match="Data set 'greys' exists already"):
        DATASETS.add("greys", CARD)


def test_every_panel_takes_it(zoo: Path, on_page: Callable[[str, Path], AppTest]) -> None:
    app = on_page("predict", zoo)
    assert app.segmented_control(key="predict_data").options == ["Two Greys"]
    app.segmented_control(key="predict_way").set_value("Data set").run()
    chosen = app.selectbox(key="data_set")
    assert {"Two Greys", "Digits"} <= set(chosen.options)
    chosen.set_value("greys").run()
    app.selectbox(key="class-greys-test").set_value(1).run()
    assert app.number_input(key="item-greys-test-1").max == 19
    assert "bright" in text(app)
    for panel in PREDICT_PANELS:
        app.session_state["predict_panel"] = panel
        app.run()
        assert not app.exception, panel
        assert not app.error, panel
    app.switch_page("pages/compare.py").run()
    named = []
    for panel in COMPARE_PANELS:
        app.segmented_control(key="compare_panel").set_value(panel).run()
        assert not app.exception, panel
        assert not app.error, panel
        if "Two Greys" in text(app):
            named.append(panel)
    assert "Answers" in named
    assert dataset_picture("greys-test", 1).pixels.shape[:2] == (10, 10)
