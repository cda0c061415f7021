"""Sources by name: embedded samples, folders, the exact model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.lab.feature_maps import extract_maps
from design_core.pictures import fit
from design_core.pictures.samples import load_picture, sample
from design_core.scaling import fit_scale
from design_core.search.block_tables import estimate_tables, random_convolution_tables
from design_core.search.sources import MapOptions, open_tables
from design_core.zoo.entry import layer_maps


def test_the_model_is_named_without_a_file() -> None:
    tables = open_tables("random-conv", form="relu")
    assert (tables.patterns == random_convolution_tables(form="relu").patterns).all()


def test_a_picture_is_counted_as_its_maps_are() -> None:
    options = MapOptions(features="random-conv", maps=3, seed=5, size=64)
    tables = open_tables("picture:sample:camera", options=options)
    maps = extract_maps(fit(load_picture("sample:camera"), 64), "random-conv", maps=3, seed=5)
    assert (tables.patterns == estimate_tables([maps.x]).patterns).all()
    assert "camera" in tables.source


def test_a_folder_is_all_its_pictures(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("a.png", "deep/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = random.integers(0, 256, (12, 10), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    tables = open_tables(f"folder:{tmp_path}")
    pictures = [load_picture(str(tmp_path / name)) for name in ("a.png", "deep/b.png")]
    maps = [MapOptions().of(picture) for picture in pictures]
    assert (tables.patterns == estimate_tables(maps).patterns).all()
    assert tables.total == 2 * 11 * 9


def test_a_scale_can_be_named_or_fitted() -> None:
    options = MapOptions(size=40)
    named = open_tables("picture:sample:camera", scale="lloyd-max", options=options)
    assert named.scale.name == "lloyd-max"
    fitted = open_tables("picture:sample:camera", scale="data", options=options)
    maps = extract_maps(fit(load_picture("sample:camera"), 40), "picture")
    expected = fit_scale(maps.x, fitted.levels).thresholds(fitted.levels)
    assert fitted.scale.name == "data"
    assert fitted.values == pytest.approx(expected, abs=0.1)  # a sample of the values is fitted


def test_a_layer_is_counted_on_the_samples_of_its_data_set() -> None:
    model = "digits-tiny-w16-sign-affine_on@0"
    tables = open_tables(f"layer:{model}:block2", options=MapOptions(maps=5))
    digits = [layer_maps(sample(f"digit-{k}"), model, "block2")[:5] for k in range(10)]
    assert (tables.patterns == estimate_tables(digits).patterns).all()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("moon", "A source is random-conv, picture:…, folder:…, layer:…; got 'moon'"),
        ("picture:", "A source is random-conv"),
        ("folder:/nowhere/at/all", "There is no folder"),
        ("picture:/nowhere.png", "cannot be read"),
        ("layer:block2", "A layer is written layer:MODEL:BLOCK"),
        ("layer:nobody:block2", "The zoo has no 'nobody'"),
        ("layer:digits-tiny-w16-sign-affine_on@0:block9", "has no 'block9'"),
    ],
)
def test_bad_sources_are_named(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_tables(source)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no picture"):
        open_tables(f"folder:{tmp_path}")
