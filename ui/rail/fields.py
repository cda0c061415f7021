"""The rail's fields in a link: picture, feature maps, kernel, scale."""

from __future__ import annotations

import re
from typing import Any

from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import decode_kernel, encode_kernel
from design_core.pictures import Picture
from design_core.pictures.feature_maps import MAX_MAPS, SOURCES
from design_core.pictures.samples import SAMPLES
from ui.links.fields import Field, State, choice, whole
from ui.rail import keys
from ui.rail.data_sets import PARTED as DATA_SET_PARTED
from ui.rail.data_sets import item_entries
from ui.rail.kernel_choice import FIRST_PATTERN
from ui.rail.layers import LAYER, LAYER_FIELD

__all__ = [
    "FIRST_KERNEL",
    "FIRST_MAPS",
    "FIRST_SAMPLE",
    "FIRST_SOURCE",
    "KERNEL_FIELDS",
    "MAX_SEED",
    "PARTED",
    "PATTERN_SIZE",
    "PICTURE_FIELDS",
    "RAIL_FIELDS",
    "SCALES",
    "SIZES",
    "item_code",
    "levels_name",
    "named",
    "pattern_of",
    "upload_code",
    "wanted_item",
    "wanted_upload",
]

FIRST_SAMPLE = "astronaut"
FIRST_SOURCE = "random-conv"
FIRST_KERNEL = "2x2-v2"
#: Of random convolutions: how many, and the highest seed.
FIRST_MAPS, MAX_SEED = 16, 9999
SIZES = (32, 64, 96, 128, 160, 208, 256, 384, 512)
SCALES = ("published", "lloyd-max", "quantile", "matlab", "data")

#: How the key of a pattern's size begins; the pattern's name follows.
PATTERN_SIZE = "size-"
#: How the keys of the rail's widgets begin that there are several of.
PARTED = (*DATA_SET_PARTED, PATTERN_SIZE)

_MOST_NAMED = 9  # levels in a name
_DIGITS = 16  # of a sha256 in a link; enough to tell any two pictures apart
_NAME = 80  # characters of a file's name in a link
_UPLOAD = re.compile(rf"upload~([0-9a-f]{{{_DIGITS}}})~(.{{0,{_NAME}}})")
_ITEM = re.compile(r"set~(.{1,80})~([0-9]{1,8})")


def item_code(set_name: str, index: int) -> str:
    """What stands for a picture of a data set in a link."""
    return f"set~{set_name}~{index}"


def upload_code(picture: Picture) -> str:
    """What stands for an upload in a link: the digest of its file, and its name."""
    printable = "".join(c for c in picture.name if c.isprintable())[-_NAME:]
    return f"upload~{picture.sha256[:_DIGITS]}~{printable}"


def wanted_upload(code: str) -> tuple[str, str] | None:
    """First digits of the sha256, and name, of the upload that a code stands for."""
    found = _UPLOAD.fullmatch(code)
    return (found[1], found[2]) if found else None


def wanted_item(code: str) -> tuple[str, int] | None:
    """Set and index of the picture of a data set that a code stands for."""
    found = _ITEM.fullmatch(code)
    return (found[1], int(found[2])) if found else None


def _read_picture(state: State) -> str:
    # What a link asked for and is not at hand yet stays in the link.
    code: str = state.get(keys.PICTURE_WANTED) or state.get(keys.PICTURE_CODE, "")
    return "" if code == FIRST_SAMPLE else code


def _write_picture(code: str) -> dict[str, Any]:
    if wanted_upload(code):
        return {keys.PICTURE_WAY: "Upload", keys.PICTURE_WANTED: code}
    if item := wanted_item(code):
        entries = item_entries(*item)
        return {keys.PICTURE_WAY: "Data set", keys.PICTURE_WANTED: code, **entries}
    name = code or FIRST_SAMPLE
    if name not in SAMPLES:
        raise ValueError(f"there is no picture {name[:40]!r}")
    return {keys.PICTURE_WAY: "Sample", keys.PICTURE_WANTED: "", keys.SAMPLE: name}


def _read_kernel(state: State) -> str:
    way = state.get(keys.KERNEL_WAY, "Published")
    if way == "Own" and state.get(keys.OWN_KERNEL):
        return encode_kernel(state[keys.OWN_KERNEL])
    if way == "Pattern":
        name = state.get(keys.PATTERN) or FIRST_PATTERN
        return f"{name}-{state.get(PATTERN_SIZE + name, PATTERNS[name].default)}"
    code: str = state.get(keys.PUBLISHED, FIRST_KERNEL)
    return "" if code == FIRST_KERNEL else code


def _write_kernel(code: str) -> dict[str, Any]:
    code = code or FIRST_KERNEL
    if code in PUBLISHED:
        return {keys.KERNEL_WAY: "Published", keys.PUBLISHED: code}
    if pattern := pattern_of(code):
        name, size = pattern
        return {keys.KERNEL_WAY: "Pattern", keys.PATTERN: name, PATTERN_SIZE + name: size}
    return {keys.KERNEL_WAY: "Own", keys.OWN_KERNEL: named(decode_kernel(code))}


def pattern_of(code: str) -> tuple[str, int] | None:
    """Name and size of the pattern that a code stands for, such as ``bayer-4``."""
    if code in PATTERNS:
        return code, PATTERNS[code].default
    name, _, size = code.rpartition("-")
    known = PATTERNS[name].sizes if name in PATTERNS else ()
    return next(((name, one) for one in known if str(one) == size), None)


def levels_name(kernel: ThresholdKernel) -> str:
    """The levels as a name, where they are few; else none."""
    return f"[{kernel}]" if kernel.levels.size <= _MOST_NAMED else ""


def named(kernel: ThresholdKernel) -> ThresholdKernel:
    """The kernel of a code, which holds no name, under its published name or its levels."""
    return kernel if kernel.name else kernel.renamed(levels_name(kernel))


def _is_first_source(state: State) -> bool:
    return bool(state.get(keys.SOURCE, FIRST_SOURCE) == FIRST_SOURCE)


#: For pages whose rail has the picture and its feature maps.
PICTURE_FIELDS = (
    Field("picture", _read_picture, _write_picture),
    choice(keys.LONGEST, SIZES, 208, name="size"),
    choice(keys.SOURCE, (*SOURCES, LAYER), FIRST_SOURCE),
    LAYER_FIELD,
    whole(keys.MAPS, 1, MAX_MAPS, FIRST_MAPS).only(_is_first_source),
    whole(keys.SEED, 0, MAX_SEED, 0).only(_is_first_source),
)

#: For pages whose rail has a kernel too.
KERNEL_FIELDS = (
    Field("kernel", _read_kernel, _write_kernel),
    choice(keys.SCALING, SCALES, "published", name="scale").only(
        lambda state: state.get(keys.KERNEL_WAY) != "Own"
    ),
)

#: For pages with the whole rail.
RAIL_FIELDS = (*PICTURE_FIELDS, *KERNEL_FIELDS)
