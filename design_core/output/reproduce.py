"""Reproducing code: the Python lines and the command line that make what is on screen.

Each recipe is written twice, as lines that run as they stand beside this package, and as one
command of ``python -m design_core``. Both give the numbers of the page to the last digit.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.spec import kernel_words
from design_core.pictures.feature_maps import SOURCES

__all__ = ["Recipe", "Subject", "map_recipe", "prediction_recipe", "score_recipe"]

_COMMAND = ("python", "-m", "design_core")


@dataclass(frozen=True)
class Recipe:
    """How to make a view again.

    Attributes
    ----------
    python
        Lines that run as they stand, and print what the page says.
    command
        One line for a shell.
    """

    python: str
    command: str


@dataclass(frozen=True)
class Subject:
    """A picture, and how it becomes feature maps.

    Parameters
    ----------
    picture
        For `load_picture`: ``sample:NAME``, ``set:NAME:INDEX`` or the name of a file.
    sha256
        The digest of a file, which its name does not tell; "" for the others.
    longest
        Longest side in pixels that the picture is reduced to.
    source, maps, seed
        See `extract_maps`.
    """

    picture: str
    sha256: str = ""
    longest: int = 256
    source: str = "picture"
    maps: int = 16
    seed: int = 0

    @property
    def opened(self) -> str:
        """Python that opens the picture."""
        which = f"  # the file of sha256 {self.sha256}" if self.sha256 else ""
        return f"picture = load_picture({self.picture!r}){which}\n"

    @property
    def extracted(self) -> str:
        """Python that makes the maps of the reduced picture."""
        counted = "" if self._has_own_count else f", maps={self.maps}, seed={self.seed}"
        return (
            f"{self.opened}"
            f"maps = extract_maps(fit(picture, {self.longest}), {self.source!r}{counted})\n"
        )

    @property
    def _has_own_count(self) -> bool:
        return self.source in SOURCES and self.source != "random-conv"

    def options(self, *, size: str, source: str, seed: str) -> list[str]:
        """Options of a command, under the names that they have there."""
        given = [source, self.source, size, str(self.longest)]
        return given if self._has_own_count else [*given, "--maps", str(self.maps), seed,
                                                  str(self.seed)]  # fmt: skip


def map_recipe(
    subject: Subject, kernel: ThresholdKernel, *, channel: int, fitted: bool = False
) -> Recipe:
    """Sign and DeSign on one map, with the scores and the finding of Explore.

    Parameters
    ----------
    kernel
        The kernel that cuts the map, with its scale.
    channel
        Which map; slice ``channel mod s`` cuts it.
    fitted
        Whether the scale was fitted to these very maps; the recipe then fits it anew.

    Raises
    ------
    ValueError
        The kernel is too large to be written out.
    """
    plain, name, strength, offset = _parted(kernel, fitted=fitted)
    scaled = [
        *([repr(name)] if name else []),
        *([f"strength={strength!r}"] if strength is not None else []),
        *([f"offset={offset!r}"] if offset is not None else []),
    ]
    made = f"kernel = parse_kernel({plain!r})"
    fit_scale = "fit_scale, " if fitted else ""
    if fitted:
        made += "\nkernel = kernel.with_scale(fit_scale(maps.x, kernel.level_set))"
        scaled = [part for part in scaled if "=" in part]
    made += f".scaled({', '.join(scaled)})" if scaled else ""
    python = (
        f"from design_core import compare_activations, extract_maps, finding, {fit_scale}"
        "parse_kernel\n"
        "from design_core.pictures import fit\n"
        "from design_core.pictures.samples import load_picture\n\n"
        f"{subject.extracted}"
        f"{made}\n\n"
        f"one = compare_activations(maps.only({channel}).x, kernel.for_channel({channel}))\n"
        'for name in ("sign", "design"):\n'
        "    scores = one[name]\n"
        '    print(name, "TV", scores.tv[0], "density", scores.density[0], '
        '"entropy", scores.entropy_2x2[0])\n'
        'print(finding(one["sign"], one["design"]))\n'
    )
    options = [
        *subject.options(size="--size", source="--source", seed="--seed"),
        *("--kernel", plain),
        *(["--scale", "data"] if fitted else ["--scale", name] if name else []),
        *([f"--strength={strength!r}"] if strength is not None else []),
        *([f"--offset={offset!r}"] if offset is not None else []),
        *("--map", str(channel)),
    ]
    return Recipe(python, shlex.join([*_COMMAND, "maps", subject.picture, *options]))


def score_recipe(
    kernel: ThresholdKernel, *, objective: str, form: str, subject: Subject | None = None
) -> Recipe:
    """A kernel's score and rank as Design states them.

    Parameters
    ----------
    objective, form
        See `design_core.search.objectives.Objective` and `design_core.search.block_tables.FORMS`.
    subject
        Whose maps it is scored on; None for the exact model of random binary convolutions.

    Raises
    ------
    ValueError
        The kernel is too large to be written out.
    """
    words = kernel_words(kernel)
    if subject:
        tables = (
            f"{subject.extracted}"
            "tables = estimate_tables(\n"
            f"    [maps.x], kernel.level_set, scale=kernel.scale, form={form!r}\n)\n"
        )
        maker = "estimate_tables"
        imports = (
            "from design_core import extract_maps, parse_kernel\n"
            "from design_core.pictures import fit\n"
            "from design_core.pictures.samples import load_picture\n"
        )
        where = [
            *("--source", f"picture:{subject.picture}"),
            *subject.options(size="--picture-size", source="--features", seed="--map-seed"),
        ]
    else:
        maker = "random_convolution_tables"
        tables = f"tables = random_convolution_tables(kernel.level_set, form={form!r})\n"
        imports = "from design_core import parse_kernel\n"
        where = []
    python = (
        f"{imports}"
        "from design_core.search.find import full_landscape, score_kernel\n"
        f"from design_core.search.block_tables import {maker}\n\n"
        f"kernel = parse_kernel({words!r})\n"
        f"{tables}"
        f"listed = full_landscape(tables, kernel.shape[1:], objective={objective!r})\n"
        f"scored = score_kernel(kernel, tables, objective={objective!r}, listed=listed)\n"
        'print("score", scored.score, "TV", scored.tv, "information", scored.information)\n'
        'print("density", scored.density, "rank", scored.rank)\n'
    )
    options = ["--objective", objective, "--form", form, *where]
    return Recipe(python, shlex.join([*_COMMAND, "score", words, *options]))


def prediction_recipe(subject: Subject, networks: Sequence[str]) -> Recipe:
    """The class probabilities that networks of the zoo give a picture.

    Parameters
    ----------
    networks
        References, as in ``models``: NAME or NAME@SEED.
    """
    python = (
        "from design_core import open_entry\n"
        "from design_core.pictures.samples import load_picture\n\n"
        f"{subject.opened}"
        f"for reference in {list(networks)!r}:\n"
        "    probabilities = open_entry(reference).predict(picture).probabilities\n"
        "    for name, share in list(probabilities.items())[:3]:\n"
        "        print(reference, name, share)\n"
    )
    options = [word for reference in networks for word in ("--model", reference)]
    return Recipe(python, shlex.join([*_COMMAND, "predict", subject.picture, *options]))


def _parted(
    kernel: ThresholdKernel, *, fitted: bool
) -> tuple[str, str, float | None, float | None]:
    """The kernel in words, and what of its scale is said beside them: name, strength, offset."""
    scale = kernel.scale
    strength = None if scale.strength == 1 else scale.strength
    offset = None if scale.offset == 0 else scale.offset
    if fitted or scale.values is None:
        for name in ("published", "lloyd-max"):  # in which most kernels come
            try:
                plain = kernel_words(kernel.scaled(name, strength=1.0, offset=0.0))
            except ValueError:
                continue
            if not plain.startswith("code:"):
                return plain, "" if name == scale.name else scale.name, strength, offset
    return kernel_words(kernel), "", None, None
