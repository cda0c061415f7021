"""What strangers send is parsed by functions that cannot open files; the owner has other doors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hostile_checkpoints import network

from design_core.kernels.files import write_kernel
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import open_kernel, parse_kernel
from design_core.networks import NetworkSpec, build_network
from design_core.networks.activation import (
    activation_kernels,
    build_activation,
    portable_activation,
)
from design_core.training.recipe import Recipe, load_recipe
from design_core.zoo.card import find_card
from design_core.zoo.checkpoint import CheckpointError, read_checkpoint
from design_core.zoo.uploaded import read_own
from ui.links.fields import Address
from ui.links.session_file import SessionFile, read_session, write_session
from ui.rail.fields import RAIL_FIELDS

SECRET = "root:x:0:0, a line of the server"
REFUSED = "no file is opened here|Unknown kernel|no code of a kernel|Unknown activation"

#: What comes of a path, such that one of two guards might miss that it ends like a kernel's file.
DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": lambda path: path,
    "trailing blank": lambda path: f"{path} ",
    "blanks around": lambda path: f"\t{path}\n",
    "upper case": lambda path: path[:-3] + path[-3:].upper(),
    "trailing dot": lambda path: f"{path}.",
    "trailing slash": lambda path: f"{path}/",
    "address": lambda path: f"file://{path}",
    "code": lambda path: f"code:{path}",
    "code=": lambda path: f"code={path}",
}

_opened: list[str] = []
_watching = False


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_note)  # which stays: Python has no way to take one off


@contextmanager
def nothing_opened_in(folder: Path) -> Iterator[None]:
    """AssertionError if a file below the folder is opened meanwhile, by whatever means."""
    global _watching
    _opened.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert not [path for path in _opened if str(folder) in path]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "passwd.csv"
    path.write_text(SECRET)
    return path


def own_file(**options: object) -> bytes:
    return network(find_card("digits-tiny-w16-sign-affine_on")[0].file(0).read_bytes(), **options)


def recipe_file(folder: Path, activation: str) -> Path:
    path = folder / "stranger.toml"
    path.write_text(f"[network]\nname = 'tiny'\nactivation = {json.dumps(activation)}\n")
    return path


FORMS = ("design:{}", "uniform:{}", "centred:{}", "design:{} then sign", "sign then design:{}")


def _network_texts(path: Path) -> list[str]:
    return [form.format(disguise(str(path))) for form in FORMS for disguise in DISGUISES.values()]


@pytest.mark.parametrize(
    "read",
    [
        lambda text: NetworkSpec("tiny", {"activation": text}),
        lambda text: NetworkSpec.from_dict({"name": "vgg_small", "activation": text}),
        lambda text: (
            Recipe.from_dict({"network": {"name": "tiny", "activation": text}})
            .network_spec(in_channels=1, image_size=8, num_classes=10)
            .build()
        ),
        lambda text: [build_activation(text, layer=layer) for layer in (0, 1)],
        activation_kernels,
    ],
    ids=["NetworkSpec", "NetworkSpec.from_dict", "Recipe.from_dict", "activation", "kernels"],
)
def test_no_network_of_a_stranger_opens_a_file(read: Callable[[str], object], secret: Path) -> None:
    for text in _network_texts(secret):
        with nothing_opened_in(secret.parent), pytest.raises(ValueError, match=REFUSED) as refused:
            read(text)
        assert SECRET[:8] not in str(refused.value)


@pytest.mark.parametrize("read", [read_checkpoint, read_own])
def test_no_checkpoint_of_a_stranger_opens_a_file(read: Any, secret: Path) -> None:
    for text in _network_texts(secret):
        data = own_file(activation=text)
        with nothing_opened_in(secret.parent), pytest.raises(CheckpointError) as refused:
            read(data, name="net.safetensors")
        assert SECRET[:8] not in str(refused.value)


def test_no_recipe_of_a_stranger_opens_another_file(secret: Path, tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    recipe = load_recipe(recipe_file(folder, f"design:{secret}"))
    with nothing_opened_in(tmp_path), pytest.raises(ValueError, match="no file is opened here"):
        recipe.network_spec(in_channels=1, image_size=8, num_classes=10)


def test_no_link_and_no_session_of_a_stranger_opens_a_file(secret: Path) -> None:
    for disguise in DISGUISES.values():
        text = disguise(str(secret)).strip("\t\n")  # which no session file may hold
        parameters = {"kernel": text, "picture": text}
        file = write_session(SessionFile("explore", parameters, {}))
        with nothing_opened_in(secret.parent):
            session = read_session(file, known=["explore"])
            reading = Address("explore", RAIL_FIELDS).reading(session.rail)
            assert [phrase[:6] for phrase in reading.ignored] == ["pictur", "kernel"]
            with pytest.raises(ValueError, match=REFUSED):
                parse_kernel(text)


def test_the_owner_names_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(write_kernel(PUBLISHED["2x2-v1"], "json"))
    with pytest.raises(AssertionError), nothing_opened_in(tmp_path):
        assert open_kernel(str(path)) == PUBLISHED["2x2-v1"]
    portable = portable_activation(f"design:{path} then sign")
    recipe = load_recipe("digits").with_changes([f"activation=design:{path} then sign"])
    built = build_network("tiny", activation=f"design:{path}")
    path.unlink()
    assert activation_kernels(portable) == (PUBLISHED["2x2-v1"], None)
    assert recipe.network["activation"] == portable
    thresholds = built.get_buffer("blocks.block1.act.thresholds").numpy()
    assert thresholds.ravel() == pytest.approx(PUBLISHED["2x2-v1"].thresholds.ravel())
