"""``python -m design_core maps`` and ``kernels``, as a user runs them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.__main__ import main
from design_core.kernels.published import PUBLISHED
from design_core.lab.feature_maps import extract_maps
from design_core.pictures.samples import sample
from design_core.scores import tv_map
from design_core.scores.comparison import compare_activations


def test_json_equals_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--kernel 2x2-v1 --scale lloyd-max --strength 0.5 --source random-conv --maps 3"
    assert main(["maps", "sample:cifar10-03", *options.split(), "--seed", "4", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)

    picture = sample("cifar10-03")
    x = extract_maps(picture, "random-conv", maps=3, seed=4).x
    kernel = PUBLISHED["2x2-v1"].scaled("lloyd-max", strength=0.5)
    compared = compare_activations(x, kernel)
    assert report["picture"] == {
        "name": "cifar10-03",
        "sha256": picture.sha256,
        "height": 32,
        "width": 32,
        "notes": [],
    }
    assert report["kernel"]["thresholds"] == kernel.thresholds.tolist()
    assert set(report["activations"]) == {"sign", "design", "relu"}
    for name, scored in compared.items():
        got = report["activations"][name]
        assert got["tv"] == pytest.approx(scored.tv.mean())
        assert got["per_map"]["tv_isotropic"] == pytest.approx(scored.tv_isotropic.tolist())
        assert got["density"] == pytest.approx(scored.density.mean())
        assert got["correlation"] == pytest.approx(scored.correlation.mean())
        psnr, ssim = scored.fidelity(x)
        assert got["psnr"] == pytest.approx(psnr.mean())
        assert got["ssim"] == pytest.approx(ssim.mean())
    assert report["activations"]["relu"]["entropy_2x2"] is None
    assert report["finding"].startswith("DeSign")


def test_maps_are_written_as_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maps", "sample:chelsea", "--size", "40", "--out", str(tmp_path / "new")]) == 0
    table = capsys.readouterr().out
    assert "chelsea, 40x27, 1 map(s)" in table
    written = np.load(tmp_path / "new" / "maps.npz")
    assert np.array_equal(written["sign"], written["x"] >= 0)
    for name in ("sign", "design"):
        with Image.open(tmp_path / "new" / f"{name}-00.png") as image:
            assert np.array_equal(np.asarray(image), written[name][0])
        with Image.open(tmp_path / "new" / f"{name}-00-tv.png") as image:
            assert np.array_equal(np.asarray(image) > 0, tv_map(written[name][0]) > 0)
    with Image.open(tmp_path / "new" / "x-00.png") as image:
        assert np.array_equal(np.asarray(image) >= 128, written["x"][0] >= -1e-9)


def test_scale_from_data_is_fitted_to_the_maps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["maps", "sample:camera", "--size", "64", "--scale", "data", "--json"]) == 0
    scale = json.loads(capsys.readouterr().out)["kernel"]["scale"]
    assert scale["name"] == "data"
    assert scale["values"] == sorted(scale["values"])
    assert all(math.isfinite(value) for value in scale["values"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample:nobody"], "no sample 'nobody'"),
        (["/nowhere/at/all.png"], "/nowhere/at/all.png"),
        (["sample:camera", "--kernel", "5x5-v9"], "5x5-v9"),
        (["sample:camera", "--kernel", "1 1;3"], "rows of equal length"),
        (["sample:camera", "--source", "wavelet"], "Unknown source 'wavelet'"),
        (["sample:camera", "--source", "random-conv", "--maps", "0"], "1 to 64 maps; got 0"),
        (["sample:camera", "--kernel", "baseline-2x2x4", "--scale", "matlab"], "lloyd-max"),
        (["sample:camera", "--strength", "nan"], "finite numbers"),
        (["sample:camera", "--size", "0"], "0"),
    ],
)
def test_bad_input_is_one_line_and_status_one(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["maps", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("design maps: ")
    assert message in captured.err


def test_kernels_lists_all_with_thresholds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kernels", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == list(PUBLISHED)
    assert listed[1]["levels"] == [[[1, 1], [3, 3]]]
    assert listed[1]["thresholds"][0][1] == [0.9671384551810105] * 2
    assert main(["kernels"]) == 0
    text = capsys.readouterr().out
    assert "2x2x4-shifted-v1   4 slices of 2x2" in text
    assert "0 3   1 5   3 7   5 9" in text
