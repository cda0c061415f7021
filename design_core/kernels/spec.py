"""Kernels named in a word: what a command line takes, and what a link carries.

There are two doors. `parse_kernel` reads what anybody may have written, and cannot open files.
`open_kernel` also takes the path of one: it is for what the owner of this machine types.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath

import numpy as np
from numpy.typing import ArrayLike

from design_core.kernels.files import READABLE, load_kernel
from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.kernels.notation import is_numbers
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.scaling import SCALE_NAMES, Scale

__all__ = [
    "MAX_CODE",
    "decode_kernel",
    "encode_kernel",
    "is_kernel_file",
    "kernel_words",
    "open_kernel",
    "parse_kernel",
    "rescaled",
]

#: Longer codes are neither made nor read; longer links do not get through everywhere.
MAX_CODE = 6000

_CODE = "code:"
_MOST_WRITTEN = 64  # levels that are written out in a specification


def parse_kernel(text: str) -> ThresholdKernel:
    """The kernel that a specification means. No file is opened, whatever the text.

    Parameters
    ----------
    text
        A published name (``2x2-v2``); a pattern, with its size if wished (``bayer-4``,
        ``checkerboard``); numbers (``1 1;3 3``, slices by ``|``); any of these with another scale
        (``2x2-v2@lloyd-max``; ``bayer-4@quantile`` keeps all ranks); or the code of a link
        (``code:11_05``, see `encode_kernel`).

    Raises
    ------
    ValueError
        None of these; the message lists them.

    Examples
    --------
    >>> parse_kernel("1 1;3 3") == parse_kernel("2x2-v2")
    True
    """
    text = text.strip()
    if text.startswith(_CODE):
        return decode_kernel(text.removeprefix(_CODE))
    base, scale = _base_and_scale(text)
    if scale:
        return rescaled(parse_kernel(base), scale)
    if text in PUBLISHED:
        return PUBLISHED[text]
    if text in PATTERNS:
        return PATTERNS[text]()
    name, _, size = text.rpartition("-")
    if name in PATTERNS and size.isdecimal():
        return PATTERNS[name](int(size))
    if is_numbers(text):
        return ThresholdKernel.from_text(text)
    if is_kernel_file(text):
        raise ValueError(
            f"{text[:60]!r} is the name of a file, and no file is opened here. Write its levels as "
            f"in '1 1;3 3', or its code after {_CODE!r}; a command line takes the file itself."
        )
    patterns = ", ".join(f"{pattern.name}-{pattern.default}" for pattern in PATTERNS.values())
    raise ValueError(
        f"Unknown kernel {text[:60]!r}. Give a published name ({', '.join(PUBLISHED)}), "
        f"a pattern with its size ({patterns}), levels such as '1 1;3 3', or the code of a link "
        f"with {_CODE!r} before it; on a command line, also a file that ends in "
        f".{', .'.join(READABLE)}."
    )


def is_kernel_file(text: str) -> bool:
    """Whether the text, but for its scale, ends like a kernel's file; it is not looked for."""
    return bool(_path_and_part(_base_and_scale(text)[0])[0])


def _path_and_part(text: str) -> tuple[str, str]:
    """``thresholds.xml#o4x4`` in its two parts, both empty for what does not end like a file."""
    for path, part in ((text, ""), text.rpartition("#")[::2]):
        if PurePath(path).suffix.lower().removeprefix(".") in READABLE:
            return path, part
    return "", ""


def open_kernel(text: str) -> ThresholdKernel:
    """The kernel in a file, or what `parse_kernel` reads.

    Parameters
    ----------
    text
        The path of a kernel's file (``mine.json``, ``mine.json@quantile``); behind ``#`` which one
        in it, where there are several (``thresholds.xml#o4x4``); or a specification.
        Give it only what the owner of this machine wrote: a message about a file may quote it.

    Raises
    ------
    ValueError
        As `load_kernel` and `parse_kernel`.
    """
    if not is_kernel_file(text):
        return parse_kernel(text)
    base, scale = _base_and_scale(text)
    path, part = _path_and_part(base)
    kernel = load_kernel(path, part=part)
    return rescaled(kernel, scale) if scale else kernel


def _base_and_scale(text: str) -> tuple[str, str]:
    """``2x2-v2@lloyd-max`` in its two parts; the second is empty where no scale is named."""
    base, _, scale = text.strip().rpartition("@")
    return (base, scale) if scale in SCALE_NAMES else (text.strip(), "")


def rescaled(kernel: ThresholdKernel, scale: str) -> ThresholdKernel:
    """The kernel under another scale, by its name, strength and offset kept.

    For ``quantile`` a pattern of ranks keeps them all, where another scale's level set had merged
    some; any other kernel gets the levels that it uses as its level set.

    Raises
    ------
    ValueError
        A scale that has no values for the kernel's levels.

    Examples
    --------
    >>> rescaled(parse_kernel("bayer-4"), "quantile").level_set[-1]
    15
    """
    if scale != "quantile" or kernel.scale.name == scale:
        return kernel.scaled(scale)
    moved = replace(Scale(scale), strength=kernel.scale.strength, offset=kernel.scale.offset)
    name, _, size = kernel.name.rpartition("-")
    pattern = PATTERNS.get(name)
    if pattern and pattern.ranked and size.isdecimal():
        ranked = pattern.at_quantiles(int(size))
        if np.array_equal(pattern(int(size)).levels, kernel.levels):
            return ranked.with_scale(moved)
    used = tuple(np.unique(kernel.levels).tolist())
    return ThresholdKernel(kernel.levels, used, moved, kernel.name)


def kernel_words(kernel: ThresholdKernel) -> str:
    """The shortest specification that `parse_kernel` reads as this kernel, but for its name.

    Raises
    ------
    ValueError
        The kernel is too large for any; save it as a file.

    Examples
    --------
    >>> kernel_words(parse_kernel("1 1;3 3")), kernel_words(parse_kernel("bayer-4"))
    ('2x2-v2', 'bayer-4')
    >>> kernel_words(parse_kernel("1 1;0 5").scaled("matlab"))
    'code:11_05~~matlab'
    """
    candidates = [_published_name(kernel), kernel.name]
    if kernel.levels.size <= _MOST_WRITTEN:
        candidates.append(str(kernel))
    for text in candidates:
        # A name may be anything, the path of a file too.
        is_pattern = text.rpartition("-")[0] in PATTERNS
        if not (text in PUBLISHED or is_pattern or text == str(kernel)):
            continue
        try:
            if parse_kernel(text) == kernel:
                return text
        except ValueError:
            continue
    return _CODE + encode_kernel(kernel)


def encode_kernel(kernel: ThresholdKernel | ArrayLike | str) -> str:
    """A code of letters, digits and ``-._~``, which a link may hold as it is.

    Five fields are separated by ``~``, and empty ones dropped from the end::

        levels ~ level set ~ scale ~ strength_offset ~ values

    Levels are a published name, or rows by ``_`` and slices by ``__``; a level of more than one
    digit, or below zero, makes each level end in a dot. Everything comes back but the name of a
    kernel that is not published.

    Raises
    ------
    ValueError
        The kernel is too large for a link.

    Examples
    --------
    >>> encode_kernel(ThresholdKernel([[1, 1], [0, 5]]).scaled("lloyd-max", strength=0.5))
    '11_05~~lloyd-max~0.5_0.0'
    """
    kernel = ThresholdKernel.of(kernel)
    scale = kernel.scale
    name = _published_name(kernel)
    fields = (
        name or _code_of_levels(kernel),
        "" if name or kernel.level_set == OMEGA else ".".join(map(str, kernel.level_set)),
        "" if scale.name == "published" else scale.name,
        "" if (scale.strength, scale.offset) == (1, 0) else f"{scale.strength}_{scale.offset}",
        "_".join(map(str, scale.values or ())),
    )
    code = "~".join(fields).rstrip("~")
    if len(code) > MAX_CODE:
        raise ValueError(
            f"This kernel takes {len(code)} characters, too many for a link ({MAX_CODE}); "
            "save it as a file."
        )
    return code


def decode_kernel(code: str) -> ThresholdKernel:
    """The kernel of a code; whatever a stranger writes in its place is refused.

    Raises
    ------
    ValueError
        No code of `encode_kernel`.
    """
    fields = code[: MAX_CODE + 1].split("~")
    if len(code) > MAX_CODE or len(fields) > 5:
        raise ValueError(f"A kernel's code has 5 fields and {MAX_CODE} characters at most.")
    levels, level_set, scale_name, moved, values = fields + [""] * (5 - len(fields))
    try:
        numbers = tuple(map(_number, values.split("_"))) if values else None
        scale = Scale(scale_name or "published", *_strength_and_offset(moved), numbers)
        if levels in PUBLISHED and not level_set:
            return PUBLISHED[levels].with_scale(scale)
        all_levels = tuple(map(_level, level_set.split("."))) if level_set else OMEGA
        return ThresholdKernel(_levels_of_code(levels), all_levels, scale)
    except ValueError as error:
        raise ValueError(f"This is no code of a kernel: {str(error)[:200]}") from error


def _published_name(kernel: ThresholdKernel) -> str:
    """The published name of these levels, whatever their scale; "" if they have none."""
    for name, published in PUBLISHED.items():
        same_set = published.level_set == kernel.level_set
        if same_set and np.array_equal(published.levels, kernel.levels):
            return name
    return ""


def _code_of_levels(kernel: ThresholdKernel) -> str:
    digits = kernel.levels.min() >= 0 and kernel.levels.max() <= 9
    end = "" if digits else "."
    return "__".join(
        "_".join("".join(f"{level}{end}" for level in row) for row in rows)
        for rows in kernel.levels.tolist()
    )


def _levels_of_code(code: str) -> list[list[list[int]]]:
    def row(text: str) -> list[int]:
        return [_level(level) for level in (text[:-1].split(".") if "." in code else text)]

    return [[row(text) for text in rows.split("_")] for rows in code.split("__")]


def _strength_and_offset(code: str) -> tuple[float, float]:
    numbers = [_number(part) for part in code.split("_")] if code else [1.0, 0.0]
    if len(numbers) != 2:
        raise ValueError(f"strength and offset are two numbers, not {code[:20]!r}.")
    return numbers[0], numbers[1]


def _level(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise ValueError(f"{text[:20]!r} is no level.")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text[:20]!r} is no number.") from None
