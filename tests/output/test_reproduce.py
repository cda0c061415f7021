"""Recipes, run as a user would: both ways give the library's numbers."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.__main__ import main
from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.spec import kernel_words, parse_kernel
from design_core.lab.feature_maps import extract_maps
from design_core.output.reproduce import (
    Recipe,
    Subject,
    map_recipe,
    prediction_recipe,
    score_recipe,
)
from design_core.pictures import fit
from design_core.pictures.samples import load_picture
from design_core.scaling import Scale, fit_scale
from design_core.scores.comparison import compare_activations, finding
from design_core.search.block_tables import (
    BlockTables,
    estimate_tables,
    random_convolution_tables,
)
from design_core.search.find import KernelScore, full_landscape, score_kernel

ROOT = Path(__file__).parents[2]
COINS = Subject("sample:coins", longest=64, source="random-conv", maps=3, seed=2)
GREY = Subject("sample:camera", longest=48, source="picture")


def run(arguments: list[str], folder: Path) -> str:
    """What Python prints in a process of its own, as a user runs it."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_python(recipe: Recipe) -> str:
    """What the lines print, here and now: a process of its own takes seconds."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(recipe.python, {})
    return printed.getvalue()


def by_command(recipe: Recipe, *more: str) -> str:
    python, module, package, *arguments = shlex.split(recipe.command)
    assert (python, module, package) == ("python", "-m", "design_core")
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main([*arguments, *more]) == 0
    return printed.getvalue()


def maps_of(subject: Subject) -> np.ndarray:
    picture = fit(load_picture(subject.picture), subject.longest)
    return extract_maps(picture, subject.source, maps=subject.maps, seed=subject.seed).x


FITTED = parse_kernel("2x2-v1").with_scale(fit_scale(maps_of(COINS), OMEGA)).scaled(offset=0.25)
VIEWS = {
    "published": (COINS, parse_kernel("2x2-v2"), 1, False),
    "pattern": (GREY, parse_kernel("bayer-4").scaled(strength=-0.5, offset=1e-5), 0, False),
    "edited": (COINS, ThresholdKernel([[9, 0], [3, 3]], name="2x2-v1, edited"), 2, False),
    "slices": (COINS, parse_kernel("2x2x4-shifted-v1").scaled("matlab"), 2, False),
    "fitted": (COINS, FITTED, 0, True),
    "custom": (GREY, ThresholdKernel.from_thresholds([[0.125, -0.3]], name="x"), 0, False),
    "other levels": (GREY, ThresholdKernel([[-4, 0]], (-4, 0, 4), Scale("lloyd-max")), 0, False),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_made_again_both_ways(name: str) -> None:
    subject, kernel, channel, fitted = VIEWS[name]
    recipe = map_recipe(subject, kernel, channel=channel, fitted=fitted)
    x = maps_of(subject)[channel : channel + 1]
    one = compare_activations(x, kernel.for_channel(channel))

    printed = by_python(recipe).splitlines()
    for line, activation in zip(printed, ("sign", "design"), strict=False):
        scores = one[activation]
        assert line == (
            f"{activation} TV {scores.tv[0]} density {scores.density[0]} "
            f"entropy {scores.entropy_2x2[0]}"
        )
    assert printed[2] == finding(one["sign"], one["design"])

    report = json.loads(by_command(recipe, "--json"))
    assert report["finding"] == printed[2]
    for activation in ("sign", "design"):
        assert report["activations"][activation]["tv"] == one[activation].tv[0]
        assert report["activations"][activation]["density"] == one[activation].density[0]


def test_an_uploaded_picture_is_named_with_its_digest(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8)
    name = "my 'best' cat; rm -rf.png"
    Image.fromarray(pixels).save(tmp_path / name)
    picture = load_picture(str(tmp_path / name))
    subject = Subject(name, picture.sha256)
    recipe = map_recipe(subject, parse_kernel("2x2-v2"), channel=0)
    assert f"# the file of sha256 {picture.sha256}\n" in recipe.python
    compared = compare_activations(extract_maps(picture, "picture").x, parse_kernel("2x2-v2"))
    expected = finding(compared["sign"], compared["design"])
    assert run(["-c", recipe.python], tmp_path).splitlines()[-1] == expected
    arguments = shlex.split(recipe.command)[1:]
    assert run(arguments, tmp_path).splitlines()[-1] == expected


def scored(kernel: ThresholdKernel, tables: BlockTables, objective: str) -> KernelScore:
    listed = full_landscape(tables, (kernel.shape[1], kernel.shape[2]), objective=objective)
    return score_kernel(kernel, tables, objective=objective, listed=listed)


@pytest.mark.parametrize(
    ("kernel", "objective", "form", "subject"),
    [
        (parse_kernel("2x2-v1"), "tv", "relu", None),
        (parse_kernel("3x3x4-shifted-v1"), "information", "signed", None),
        (FITTED, "tv + 0.5*information", "signed", COINS),
        (parse_kernel("1 1;0 5").scaled(strength=0.5), "tv-isotropic", "relu", GREY),
    ],
    ids=["model", "slices", "fitted", "picture"],
)
def test_a_score_is_made_again_both_ways(
    kernel: ThresholdKernel, objective: str, form: str, subject: Subject | None
) -> None:
    recipe = score_recipe(kernel, objective=objective, form=form, subject=subject)
    tables = (
        estimate_tables([maps_of(subject)], kernel.level_set, scale=kernel.scale, form=form)
        if subject
        else random_convolution_tables(kernel.level_set, form=form)
    )
    expected = scored(kernel, tables, objective)
    first, second = by_python(recipe).splitlines()
    assert first == (f"score {expected.score} TV {expected.tv} information {expected.information}")
    assert second == f"density {expected.density} rank {expected.rank}"
    report = json.loads(by_command(recipe, "--json"))
    for name in ("score", "tv", "information", "density", "rank"):
        assert report[name] == getattr(expected, name), name


def test_a_prediction_is_made_again_both_ways() -> None:
    from design_core.zoo.card import load_cards

    name = next(card.name for card in load_cards() if card.dataset == "digits")
    recipe = prediction_recipe(Subject("sample:digit-3"), [name])
    printed = by_python(recipe).splitlines()
    (model,) = json.loads(by_command(recipe, "--json"))["models"]
    assert len(printed) == 3
    for line in printed:
        reference, label, share = line.split()
        assert reference == name
        assert model["probabilities"][label] == pytest.approx(float(share), abs=1e-6)


def test_items_of_a_data_set_are_named() -> None:
    recipe = map_recipe(Subject("set:cifar10-test:7"), parse_kernel("hprof"), channel=0)
    assert "load_picture('set:cifar10-test:7')" in recipe.python
    assert " set:cifar10-test:7 " in recipe.command


def test_kernels_in_words_come_back() -> None:
    for _, kernel, _, _ in VIEWS.values():
        assert parse_kernel(kernel_words(kernel)) == kernel


def test_a_name_is_never_taken_for_a_file() -> None:
    kernel = ThresholdKernel([[1, 3]], name="../secret.json")
    assert kernel_words(kernel) == "1 3"
    turned = parse_kernel("bayer-4").rotated()  # which keeps the name
    assert parse_kernel(kernel_words(turned)) == turned != parse_kernel(turned.name)
