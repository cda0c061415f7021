"""Ctrl-C and files that cannot be written: one line, and what was done is kept."""

from __future__ import annotations

import os
import signal
import zipfile
from pathlib import Path

import pytest

from design_core.__main__ import main
from design_core.commands.watching import EXIT_STOPPED
from design_core.pictures import Picture, items
from design_core.training import run


def test_a_stopped_batch_keeps_the_pictures_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, load = [], items.load_picture

    def open_and_stop(reference: str) -> Picture:
        opened.append(reference)
        if len(opened) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return load(reference)

    monkeypatch.setattr(items, "load_picture", open_and_stop)
    out = tmp_path / "maps.zip"
    names = ["sample:coins", "sample:camera", "sample:grass", "sample:moon"]
    status = main(["batch", *names, "--size", "16", "--source", "picture", "--out", str(out)])
    assert status == EXIT_STOPPED
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1] == "design batch: stopped after 2 of 4"
    assert "of 2 pictures" in shown.out
    assert opened == names[:2]
    with zipfile.ZipFile(out) as saved:
        assert saved.testzip() is None
        assert len(saved.read("scores.csv").decode().splitlines()) == 3
    assert list(tmp_path.iterdir()) == [out]


def test_a_stopped_training_says_how_it_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "train_run", stop)
    out = str(tmp_path / "run")
    assert main(["train", "digits", "--data", "digits", "--out", out]) == EXIT_STOPPED
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"design train: stopped. All whole epochs are kept in {out}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["bench", "--out"],
        ["export", "digits-tiny-w16-sign-affine_on", "--to", "packed", "--out"],
        ["batch", "sample:coins", "--out"],
        ["maps", "sample:coins", "--out"],
    ],
    ids=lambda words: words[0],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("It began to work.")

    for place in (
        "design_core.engine.measure.measure",
        "design_core.zoo.entry.open_entry",
        "design_core.pictures.items.load_picture",
        "design_core.pictures.samples.load_picture",
    ):
        monkeypatch.setattr(place, work)
    (tmp_path / "file").write_text("kept")
    bad = tmp_path / "file" / "below"  # within a file, so that root cannot write it either
    assert main([*arguments, str(bad)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"design {arguments[0]}: ")
    assert str(tmp_path / "file") in line
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
