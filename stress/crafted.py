"""Files made to mislead, rather than damaged ones: sound in form, and wrong in what they say.

Blind damage is refused by the first check that it meets. What reaches the routines behind the
checks agrees with itself: arrays of the size that a header claims, right checksums, names that are
words of the format; and is still no network, no picture and no archive that a program would write.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from math import prod
from random import Random
from typing import Any

from stress.damage import Damage, joined_tensors, parted_tensors

__all__ = ["SIZES", "crafted_archive", "crafted_kernel", "crafted_png", "crafted_tensors"]

#: Sizes of rings, windows, steps and channels: small ones, odd and even, and none.
SIZES = (0, 1, 1, 2, 2, 3, 4, 5, 7, 8, 9, 16, 63, 64, 65, 256)

_LARGE = (2**16, 60_000_000, 2**31, -1)
_NAMES = (
    "design:/etc/hostname then sign",
    "design:/etc/hostname",
    "design:bayer-4 ",
    "design:[[1, 1], [3, 3]]",
    "sign then sign",
    "relu",
    "xnor",
    "Residual",
    "BitConv",
    "GlobalMean",
    "one",
    "../../up",
    "![m](http://evil.example/m.png)",
    "\ud800",
    "a\u202eb",
    "",
    "x" * 5000,
)
_MOST_BYTES = 2**20  # of an array
_BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4}
_BYTES |= {"U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8}


def crafted_tensors(entry: str, seal: Callable[[Any, bytes], None]) -> Damage:
    """Arrays of other shapes, of the right length for them, and other numbers, nesting and names.

    Parameters
    ----------
    entry, seal
        As for `stress.damage.damaged_tensors`.
    """

    def craft(data: bytes, draw: Random, _: Sequence[bytes]) -> bytes:
        header, body = parted_tensors(data)
        document = json.loads(header["__metadata__"][entry])
        tensors = {
            name: (one["dtype"], one["shape"], body[slice(*one["data_offsets"])])
            for name, one in header.items()
            if name != "__metadata__"
        }
        for _ in range(draw.choice((1, 1, 2, 4))):
            if draw.random() < 0.5:
                _reshape(tensors, draw)
            else:
                _retell(document, draw)
        made: dict[str, Any] = {"__metadata__": header["__metadata__"]}
        pieces = bytearray()
        for name, (kind, shape, piece) in tensors.items():
            offsets = [len(pieces), len(pieces) + len(piece)]
            made[name] = {"dtype": kind, "shape": shape, "data_offsets": offsets}
            pieces += piece
        seal(document, joined_tensors(made, bytes(pieces)))
        made["__metadata__"][entry] = json.dumps(document)
        return joined_tensors(made, bytes(pieces))

    return craft


def _reshape(tensors: dict[str, Any], draw: Random) -> None:
    """Give one array another shape, type or name; its length is right for them."""
    name = draw.choice(list(tensors))
    kind, shape, piece = tensors.pop(name)
    shape, way = list(shape), draw.randrange(6)
    if way == 0:
        shape.insert(draw.randrange(len(shape) + 1), draw.choice(SIZES))
    elif way == 1 and shape:
        shape.pop(draw.randrange(len(shape)))
    elif way == 2:
        draw.shuffle(shape)
    elif way == 3:
        kind = draw.choice(list(_BYTES))
    elif way == 4:
        name = draw.choice((*_NAMES[4:], name + ".weight", name.rpartition(".")[2]))
    elif shape:
        axis = draw.randrange(len(shape))
        shape[axis] = draw.choice((*SIZES, shape[axis] + 1, max(0, shape[axis] - 1)))
    length = prod(shape) * _BYTES[kind]
    if length > _MOST_BYTES:
        shape, length = [1], _BYTES[kind]
    # Bytes that repeat: with noise most numbers would be no numbers.
    piece = (piece or b"\0") * (length // max(1, len(piece)) + 1)
    tensors[name.encode("utf-8", "replace").decode()] = kind, shape, piece[:length]


def _retell(document: Any, draw: Random) -> None:
    """Another number, name, list or depth at one place of a description."""
    container, key = draw.choice([("", "")] if not document else list(_values(document)))
    if container == "":
        return
    value = container[key]
    if isinstance(value, bool):
        container[key] = not value
    elif isinstance(value, int):
        container[key] = draw.choice((*SIZES, *SIZES, *_LARGE, value + 1, value - 1))
    elif isinstance(value, float):
        container[key] = draw.choice((0.0, -value, 1e-30, 1e30, 1e308))
    elif isinstance(value, str):
        container[key] = draw.choice(_NAMES)
    elif isinstance(value, list) and value:
        copied = json.loads(json.dumps(draw.choice(value)))
        draw.choice((lambda: value.append(copied), value.pop, value.reverse))()
    elif isinstance(value, dict):
        container[key] = {"kind": "Residual", "act": value, "conv": value, "norm": value}


def _values(plain: Any, depth: int = 0) -> Any:
    for key in list(plain) if isinstance(plain, dict) else range(len(plain)):
        yield plain, key
        if isinstance(plain[key], (dict, list)) and depth < 8:
            yield from _values(plain[key], depth + 1)


_SIDES = (0, 1, 2, 3, 7, 8, 9, 64, 64, 300, 1000, 40_000)
_CHUNKS = (b"PLTE", b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"eXIf", b"sBIT", b"tEXt", b"zTXt")
_CHUNKS += (b"acTL", b"fcTL", b"fdAT", b"iTXt", b"pHYs", b"IEND", b"IDAT")


def crafted_png(_: bytes, draw: Random, __: Sequence[bytes]) -> bytes:
    """Any header with as many rows as it asks for, or not; any other chunks; right checksums."""
    width, height = draw.choice(_SIDES), draw.choice(_SIDES)
    depth, colour = draw.choice((1, 2, 4, 8, 8, 16)), draw.choice((0, 2, 3, 4, 6))
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = 1 + -(-width * channels * depth // 8)
    size = min(draw.choice((0, row * height, row * height, row * height + 1, row)), _MOST_BYTES)
    rows = bytes((draw.randrange(6),)) + draw.randbytes(row - 1)  # a filter, of which five exist
    pixels = zlib.compress((rows * (size // row + 1))[:size], 1)
    middle = [
        (name, draw.randbytes(draw.choice(SIZES)))
        for name in draw.sample(_CHUNKS, draw.choice((0, 0, 1, 2)))
    ]
    if colour == 3 or draw.random() < 0.3:
        middle.append((b"PLTE", draw.randbytes(3 * draw.choice((1, 2, 16, 255, 256, 300)))))
    draw.shuffle(middle)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, draw.choice((0, 0, 1)))
    chunks = [(b"IHDR", head), *middle, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


_MEMBERS = (
    "a.png",
    "../a.png",
    "/etc/a.png",
    "a/",
    "=1+1.png",
    "a\0b.png",
    "\u202egnp.a",
    "CON.png",
)
_LINK, _ENCRYPTED = 0o120777 << 16, 1


def _first_member(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return packed.read(packed.infolist()[0])


def crafted_archive(_: bytes, draw: Random, archives: Sequence[bytes]) -> bytes:
    """A ZIP file of pictures, links, archives in archives, equal names, and members that lie."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for _ in range(draw.choice((0, 1, 3, 6))):
            member = zipfile.ZipInfo(draw.choice(_MEMBERS), (1980, 1, 1, 0, 0, 0))
            member.compress_type = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            member.external_attr = draw.choice((0, _LINK))
            picture = _first_member(draw.choice(archives))
            data = draw.choice((picture, b"/etc/passwd", stream.getvalue(), b""))
            if draw.random() < 0.1:
                data = bytes(2**22)
            member.extra = draw.choice((b"", b"\x01\x00\x08\x00" + b"\xff" * 8, b"\x00\x00"))
            packed.writestr(member, data)
        packed.comment = draw.randbytes(draw.choice((0, 0, 5, 70)))
    made = bytearray(stream.getvalue())
    for _ in range(draw.choice((0, 0, 1, 2))):  # flags, methods and sizes in the list of contents
        at = made.rfind(b"PK\1\2", 0, draw.randrange(len(made)) + 1)
        if at >= 0:
            place, size = draw.choice(
                ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (42, 4))
            )
            number = draw.choice((0, _ENCRYPTED, 12, 14, 93, 99, 2**16 - 1, 2**32 - 1))
            made[at + place : at + place + size] = (number % 2 ** (8 * size)).to_bytes(
                size, "little"
            )
    return bytes(made)


def crafted_kernel(_: bytes, draw: Random, __: Sequence[bytes]) -> bytes:
    """Kernels of any sizes, level sets and scales, and of names that are no names."""

    def number() -> Any:
        return draw.choice((*SIZES, 0.5, -1, 1e30, -0.0, float("nan"), "1", None, True))

    def ring(*sizes: int) -> Any:
        return [ring(*sizes[1:]) for _ in range(sizes[0])] if sizes else number()

    few = (0, 1, 2, 3, 5, 64)
    sizes = [draw.choice(few) for _ in range(draw.choice((1, 2, 2, 3, 3, 4)))]
    sizes = sizes if prod(sizes) <= 4096 else [2, 2]
    document: dict[str, Any] = {
        draw.choice(("levels", "matrix", "thresholds")): ring(*sizes),
        "name": draw.choice(_NAMES),
        "level_set": draw.choice(
            (None, ring(draw.choice(few)), [0, 1, 3, 5, 7, 9], [9, 0], [1, 1])
        ),
        "max": number(),
        "scale": draw.choice((None, {"name": draw.choice(("published", "custom", "")), "x": 1})),
        "version": number(),
    }
    kept = {key: value for key, value in document.items() if draw.random() < 0.6}
    text = json.dumps(draw.choice((kept, kept, kept, next(iter(document.values())))))
    return draw.choice((b"", b"", b"\xef\xbb\xbf")) + text.encode(
        draw.choice(("utf-8", "utf-8", "utf-16", "utf-32"))
    )
