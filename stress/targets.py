"""Everything that reads what strangers give: with sound files to damage, and what it may raise."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load

from design_core.engine import load_packed, pack, save_packed
from design_core.engine.files import _digest
from design_core.kernels.files import (
    FORMATS,
    KernelFileError,
    kernel_parts,
    read_kernel,
    write_kernel,
)
from design_core.kernels.kernel import ThresholdKernel, binarize
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import decode_kernel, encode_kernel, parse_kernel
from design_core.networks import NetworkSpec
from design_core.pictures import PictureError, decode, fit
from design_core.pictures.items import archive_items
from design_core.pictures.samples import sample
from design_core.training.recipe import Recipe, load_recipe, recipe_names
from design_core.training.state import load_weights, save_state
from design_core.zoo.card import Card, load_cards
from design_core.zoo.checkpoint import (
    CheckpointError,
    PictureForm,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
    save_latent_weights,
)
from design_core.zoo.uploaded import read_own
from stress.crafted import crafted_archive, crafted_kernel, crafted_png, crafted_tensors
from stress.damage import (
    Damage,
    damaged,
    damaged_archive,
    damaged_json,
    damaged_matrix,
    damaged_png,
    damaged_tensors,
    damaged_text,
    damaged_tiff,
)
from tests.hostile import hostile_pictures, odd_pictures
from ui.design.kernel_editor import component as editor
from ui.links.fields import Address
from ui.links.session_file import SessionFile, SessionFileError, read_session, write_session
from ui.rail.fields import RAIL_FIELDS
from ui.viewer import component as viewer

__all__ = ["TARGETS", "Target"]

_MAX_SEED = 2**18  # larger sound files are not damaged: they cost time and hide the header
_FOLDER = tempfile.TemporaryDirectory(prefix="fuzz-")  # for readers of paths


@dataclass(frozen=True)
class Target:
    """A reader, and how it is tried.

    Parameters
    ----------
    seeds
        Makes sound files.
    read
        Reads one and uses what it is given, as the program does.
    errors
        All that it may raise, by their exact types.
    damage
        Makes a bad file of a sound one.
    megabytes
        How far one input may raise the memory in use.
    """

    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...] = (ValueError,)
    damage: Damage = damaged
    megabytes: int = 100


# Pictures


def _picture_seeds(*suffixes: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        files = {**odd_pictures(), **hostile_pictures(), **_pictures_of_every_mode()}
        return [
            data
            for name, data in files.items()
            if name.endswith(suffixes) and 0 < len(data) <= _MAX_SEED
        ]

    return seeds


def _pictures_of_every_mode() -> dict[str, bytes]:
    """Whatever modes Pillow writes in each format, some of them in several frames."""
    base = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 13, 4), np.uint8))
    options: Sequence[tuple[str, dict[str, Any]]] = (
        ("PNG", {"save_all": True}),
        ("PNG", {"dpi": (72, 72), "icc_profile": b"no profile"}),
        ("JPEG", {"progressive": True, "icc_profile": bytes(70_000)}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"save_all": True}),
        ("GIF", {"save_all": True, "interlace": True}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "packbits", "save_all": True}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"big_tiff": True}),
        ("BMP", {}),
        ("AVIF", {}),
        ("AVIF", {"save_all": True}),
    )
    files = {}
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"):
        image = base.convert("L").convert(mode) if mode in ("I;16", "F") else base.convert(mode)
        for number, (kind, chosen) in enumerate(options):
            more = {"append_images": [image.rotate(180)] * 3} if "save_all" in chosen else {}
            buffer = io.BytesIO()
            with suppress(Exception):  # not every format holds every mode
                image.save(buffer, kind, **chosen, **more)
                files[f"{mode}-{number}.{kind.lower()}"] = buffer.getvalue()
    return files


def _read_picture(data: bytes) -> None:
    picture = fit(decode(data, name="upload"), 64)
    assert picture.luminance().shape == (picture.height, picture.width)


def _picture(*suffixes: str, damage: Damage = damaged) -> Target:
    # The largest picture that is read, with what becomes of it.
    return Target(_picture_seeds(*suffixes), _read_picture, (PictureError,), damage, 1000)


def _zipped(seeds: Callable[[], list[bytes]]) -> Callable[[], list[bytes]]:
    """Archives of one picture each."""

    def packed(data: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr(zipfile.ZipInfo("picture"), data)
        return stream.getvalue()

    return lambda: [packed(data) for data in seeds()]


def _read_archive(data: bytes) -> None:
    for item in archive_items(data, "upload.zip"):
        with suppress(PictureError):  # a row with its message
            item.open()


# Kernels


def _kernels() -> list[ThresholdKernel]:
    kernels = [*PUBLISHED.values(), *(pattern() for pattern in PATTERNS.values())]
    kernels += [kernel.scaled("lloyd-max", strength=0.5, offset=0.1) for kernel in kernels[:4]]
    return [*kernels, ThresholdKernel.from_thresholds([[0.25, -1.5], [3.0, 0.1]], name="own")]


# What other programs write.
_FOREIGN_KERNELS = {
    "json": [
        b'{"matrix": [[0, 8, 2], [12, 4, 14], [3, 11, 1]], "max": 16}',
        b"[[0, 2], [3, 1]]",
    ],
    "csv": [b"1;1\n3;3\n", "0,5;−0,25\n1,75;2\n".encode("utf-16"), b"sep=;\n# k\n1\t1\n3\t3,\n"],
    "txt": [b"kernel = [1 1; 3 3];", b"array([[1, 1],\n       [3, 3]])", b"1 1\n0 3\n\n7 7\n9 5"],
    "xml": [
        b'<?xml version="1.0"?><!DOCTYPE thresholds [<!ELEMENT thresholds (threshold)+>'
        b"<!ATTLIST threshold map ID #REQUIRED>]><thresholds>"
        b'<threshold map="a" alias="b"><levels width="2" height="2">1 3 4 2</levels></threshold>'
        b'<threshold map="c"><levels width="1" height="1">1</levels></threshold></thresholds>'
    ],
}


def _kernel_files(suffix: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        files = []
        for kernel in _kernels():
            with suppress(KernelFileError):  # not every format holds every kernel
                files.append(write_kernel(kernel, suffix))
        return files + _FOREIGN_KERNELS.get(suffix, [])

    return seeds


def _use_kernel(kernel: ThresholdKernel) -> None:
    binarize(np.zeros((2, 5, 5), np.float32), kernel)
    assert ThresholdKernel.from_dict(json.loads(json.dumps(kernel.to_dict()))) == kernel
    with suppress(ValueError):  # too large for a link
        assert decode_kernel(encode_kernel(kernel)) == kernel
    for suffix in FORMATS:
        with suppress(KernelFileError):  # not every format holds every kernel
            read_kernel(write_kernel(kernel, suffix), name=f"again.{suffix}")


def _kernel_file(suffix: str, damage: Damage) -> Target:
    def read(data: bytes) -> None:
        name = f"upload.{suffix}"
        for part in kernel_parts(data, name=name)[:3] or ("",):
            _use_kernel(read_kernel(data, name=name, part=part))

    return Target(_kernel_files(suffix), read, (KernelFileError,), damage)


def _codes() -> list[bytes]:
    return [encode_kernel(kernel).encode() for kernel in _kernels()]


def _texts() -> list[bytes]:
    words = (*PUBLISHED, *(f"{pattern.name}-{pattern.default}" for pattern in PATTERNS.values()))
    lists = (repr(kernel.levels) for kernel in _kernels()[:6])
    texts = [text.encode() for text in (*words, *map(str, _kernels()), *lists)]
    return texts + _FOREIGN_KERNELS["txt"]


def _read_code(data: bytes) -> None:
    _use_kernel(decode_kernel(data.decode(errors="replace")))


def _read_text(data: bytes) -> None:
    """What was typed, or lies in a text file."""
    with suppress(KernelFileError):
        _use_kernel(read_kernel(data, name="upload.txt"))
    _use_kernel(parse_kernel(data.decode(errors="replace")))


# Reports of the app's own parts in the browser, which anybody may forge: nothing is raised.

_GIVEN = {"kernel": "k", "maps": "m", "size": [9, 9], "view": "auto", "selected": 0, "revision": 0}


def _reports() -> list[bytes]:
    state = {"ranks": [1, 1, 2, 2], "strength": 0.5, "offset": 0.0, "view": "wipe", "selected": 1}
    state |= {"zoom": 4, "divider": 0.3, "pinned": [2, 3], "given": _GIVEN}
    edit = {"report": {"number": 3, "kind": "levels", "ranks": [0, 1, 2, 3]}}
    return [json.dumps(state).encode(), json.dumps(edit).encode()]


def _read_report(data: bytes) -> None:
    try:
        report = json.loads(data)
    except (ValueError, RecursionError):  # Streamlit's part
        return
    kernel = PUBLISHED["2x2-v2"]
    if isinstance(report, Mapping):
        state = viewer._read(report, _GIVEN, kernel, (4, 9, 9))
        assert 0 <= state.selected < 4
        assert 0 <= state.divider <= 1
        _use_kernel(state.kernel)
    edit = editor._read(report, kernel, 2)
    if edit is not None:
        _use_kernel(edit.kernel)


# Links and session files

_LINKS = (
    {"picture": "coins", "kernel": "11_33", "size": "64"},
    {"maps": "8", "seed": "3", "kernel": "bayer-4", "scaling": "lloyd-max"},
)


def _links() -> list[bytes]:
    names = [field.name for field in RAIL_FIELDS]
    every = dict(zip(names, ("camera", "2", "1.5", "a.b", "on", "") * len(names), strict=False))
    return [json.dumps(parameters).encode() for parameters in (*_LINKS, every)]


def _read_link(data: bytes) -> None:
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(given, dict):  # of texts, as a query string gives them
        Address("explore", RAIL_FIELDS).reading({name: str(text) for name, text in given.items()})


def _sessions() -> list[bytes]:
    pages = {"explore": {"view": "wipe"}, "design": {"kernel": "11_33"}}
    pins = {"A": {"link": "explore?picture=coins", "about": "DeSign keeps more."}}
    return [
        write_session(SessionFile("explore", dict(_LINKS[0]), pages, pins)),
        write_session(SessionFile("design", {}, {})),
    ]


def _read_session(data: bytes) -> None:
    session = read_session(data, known=("explore", "design"))
    assert read_session(write_session(session), known=("explore", "design")) == session


# Networks


def _own_file(name: str, data: bytes) -> Path:
    path = Path(_FOLDER.name, name)
    path.write_bytes(data)
    return path


def _network(name: str, **options: str | int | bool) -> tuple[NetworkSpec, torch.nn.Module]:
    torch.manual_seed(0)
    spec = NetworkSpec(name, {"width": 4, **options})
    return spec, spec.build().eval().to(memory_format=torch.channels_last)


_NETWORKS: Sequence[tuple[str, dict[str, str | int | bool]]] = (
    ("tiny", {}),
    ("tiny", {"activation": "design:2x2x4-shifted-v1", "affine": False}),
    ("resnet20", {"activation": "design:2x2-v2", "binarizer": "xnor"}),
)


def _checkpoints() -> list[bytes]:
    files = []
    for name, options in _NETWORKS:
        spec, model = _network(name, **options)
        channels = int(spec.options["in_channels"])
        side = int(spec.options.get("image_size", 16))
        classes = tuple(f"class {k}" for k in range(int(spec.options["num_classes"])))
        form = PictureForm((channels, side, side), (0.4,) * channels, (0.2,) * channels, classes)
        path = Path(_FOLDER.name, "sound.safetensors")
        save_checkpoint(path, model, spec, form)
        files.append(path.read_bytes())
    return files


def _read_checkpoint(data: bytes) -> None:
    checkpoint = read_checkpoint(data)
    channels, height, width = checkpoint.pictures.shape
    shares = checkpoint.probabilities(torch.zeros(1, height, width, channels, dtype=torch.uint8))
    assert shares.shape == (1, len(checkpoint.pictures.class_names))


def _read_own(data: bytes) -> None:
    entry = read_own(data, name="upload.safetensors")
    shares = entry.predict(sample("cifar10-01")).probabilities
    assert list(shares) == sorted(shares, key=lambda name: -shares[name])
    assert len(shares) == len(entry.checkpoint.pictures.class_names)
    assert abs(sum(shares.values()) - 1) < 1e-3


def _latent_weights() -> list[bytes]:
    spec, model = _network("tiny")
    form = PictureForm((1, 8, 8), (0.4,), (0.2,), tuple(map(str, range(10))))
    save_checkpoint(Path(_FOLDER.name, "tiny.safetensors"), model, spec, form)
    path = Path(_FOLDER.name, "latent.safetensors")
    save_latent_weights(path, model)
    return [path.read_bytes()]


def _read_latent_weights(data: bytes) -> None:
    latent = _own_file("damaged.safetensors", data)
    load_checkpoint(Path(_FOLDER.name, "tiny.safetensors"), latent_weights=latent)


def _packed_networks() -> list[bytes]:
    files = []
    for name, options in _NETWORKS:
        _, model = _network(name, **options)
        path = Path(_FOLDER.name, "sound.packed")
        save_packed(pack(model, (1, 8, 8) if name == "tiny" else (3, 16, 16)), path)
        files.append(path.read_bytes())
    return files


def _seal_packed(document: Any, data: bytes) -> None:
    """The SHA-256 that the damaged network would have."""
    with suppress(Exception):  # tensors too damaged to be hashed are refused before that
        document["sha256"] = _digest(document["network"], load(data))


def _read_packed(data: bytes) -> None:
    packed = load_packed(_own_file("damaged.packed", data))
    assert packed(np.ones((2, *packed.input_shape), np.float32)).shape == (2, packed.classes)


def _states() -> list[bytes]:
    _, model = _network("tiny")
    optimizer = torch.optim.SGD(model.parameters(), momentum=0.9)
    model(torch.ones(2, 1, 8, 8)).sum().backward()
    optimizer.step()
    path = Path(_FOLDER.name, "sound.state")
    save_state(path, model, optimizer, 3)
    return [path.read_bytes()]


def _read_state(data: bytes) -> None:
    load_weights(_own_file("damaged.state", data), _network("tiny")[1])


def _cards() -> list[bytes]:
    return [(card.folder / "card.json").read_bytes() for card in load_cards()[-2:]]


def _read_card(data: bytes) -> None:
    Card.load(_own_file("card.json", data).parent)


def _recipes() -> list[bytes]:
    return [
        Path(load_recipe.__code__.co_filename)
        .with_name("recipes")
        .joinpath(f"{name}.toml")
        .read_bytes()
        for name in recipe_names()
    ]


def _read_recipe(data: bytes) -> None:
    recipe = load_recipe(_own_file("recipe.toml", data))
    assert Recipe.from_dict(recipe.to_dict()) == recipe


#: By name. Memory: a checkpoint's bits become numbers; see the bounds of each module.
TARGETS: Mapping[str, Target] = {
    "png": _picture(".png", damage=damaged_png),
    "jpeg": _picture(".jpg", ".jpeg"),
    "webp": _picture(".webp"),
    "gif": _picture(".gif"),
    "tiff": _picture(".tif", ".tiff", damage=damaged_tiff),
    "bmp": _picture(".bmp", ".avif"),
    "kernel json": _kernel_file("json", damaged_json),
    "kernel npy": _kernel_file("npy", damaged),
    "kernel npz": _kernel_file("npz", damaged_archive),
    "kernel mat": _kernel_file("mat", damaged_matrix),
    "kernel csv": _kernel_file("csv", damaged_text),
    "kernel xml": _kernel_file("xml", damaged_text),
    "kernel code": Target(_codes, _read_code, damage=damaged_text),
    "kernel text": Target(_texts, _read_text, (ValueError, KernelFileError), damage=damaged_text),
    "link": Target(_links, _read_link, (), damaged_json),
    "session file": Target(_sessions, _read_session, (SessionFileError,), damaged_json),
    "browser report": Target(_reports, _read_report, (), damaged_json),
    "checkpoint": Target(
        _checkpoints,
        _read_checkpoint,
        (CheckpointError,),
        damaged_tensors("checkpoint", lambda _document, _data: None),
        1100,
    ),
    "own checkpoint": Target(
        _checkpoints,
        _read_own,
        (CheckpointError,),
        damaged_tensors("checkpoint", lambda _document, _data: None),
        200,
    ),
    "latent weights": Target(_latent_weights, _read_latent_weights, (CheckpointError,)),
    "packed network": Target(
        _packed_networks,
        _read_packed,
        damage=damaged_tensors("packed", _seal_packed),
        megabytes=1100,
    ),
    "training state": Target(
        _states, _read_state, damage=damaged_tensors("state", lambda _document, _data: None)
    ),
    # Not damaged but made to mislead.
    "crafted png": _picture(".png", damage=crafted_png),
    "crafted archive": Target(
        _zipped(_picture_seeds(".png", ".jpg")),
        _read_archive,
        (PictureError,),
        crafted_archive,
        1000,
    ),
    "crafted kernel": _kernel_file("json", crafted_kernel),
    "crafted own network": Target(
        _checkpoints,
        _read_own,
        (CheckpointError,),
        crafted_tensors("checkpoint", lambda _document, _data: None),
        200,
    ),
    "crafted packed": Target(
        _packed_networks,
        _read_packed,
        damage=crafted_tensors("packed", _seal_packed),
        megabytes=1100,
    ),
    "card": Target(_cards, _read_card, damage=damaged_json),
    "recipe": Target(_recipes, _read_recipe, damage=damaged_text),
}
