"""TIFF files of numbers, written by the letter of TIFF 6.0, and profiles of colours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    *("DEFLATE", "LZW", "NONE", "PACK_BITS"),
    *("colour_profile", "grey_profile", "numbers_tiff"),
]

NONE, LZW, DEFLATE, PACK_BITS = 1, 5, 8, 32773


def numbers_tiff(
    values: NDArray[Any],
    *,
    order: str = "<",
    rows: int = 0,
    tile: tuple[int, int] | None = None,
    in_planes: bool = False,
    compression: int = NONE,
    predictor: int = 1,
    tags: Mapping[int, int] | None = None,
) -> bytes:
    """A TIFF of values (H, W, C), in strips of some rows or in tiles, in pixels or in planes."""
    height, width, channels = values.shape
    down, across = tile or (rows or height, width)
    planes = list(np.moveaxis(values, 2, 0)[..., None]) if in_planes else [values]
    segments = []
    for plane in planes:
        for i in range(0, height, down):
            for j in range(0, width, across):
                part = plane[i : i + down, j : j + across]
                if tile:
                    part = np.pad(
                        part, ((0, down - part.shape[0]), (0, across - part.shape[1]), (0, 0))
                    )
                segments.append(_packed(_predicted(part, order, predictor), compression))
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    entries = {
        256: [width],
        257: [height],
        258: [8 * values.dtype.itemsize] * channels,
        259: [compression],
        262: [2 if channels >= 3 else 1],
        277: [channels],
        284: [2 if in_planes else 1],
        317: [predictor],
        339: [kind] * channels,
    }
    at = np.cumsum([8, *(len(one) for one in segments)])[:-1].tolist()
    sizes = [len(one) for one in segments]
    if tile:
        entries |= {322: [across], 323: [down], 324: at, 325: sizes}
    else:
        entries |= {273: at, 278: [down], 279: sizes}
    entries |= {tag: [value] for tag, value in (tags or {}).items()}
    return _file(entries, b"".join(segments), order)


def _file(entries: Mapping[int, list[int]], payload: bytes, order: str) -> bytes:
    """Header, payload, the lists that do not fit into their entries, and the directory."""
    lists, directory = b"", struct.pack(f"{order}H", len(entries))
    for tag, numbers in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(numbers) > 1:
            lists += packed
            packed = struct.pack(f"{order}I", 8 + len(payload) + len(lists) - len(packed))
        directory += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + packed
    start = {"<": b"II", ">": b"MM"}[order]
    start += struct.pack(f"{order}HI", 42, 8 + len(payload) + len(lists))
    return start + payload + lists + directory + bytes(4)


def _predicted(part: NDArray[Any], order: str, predictor: int) -> bytes:
    """The bytes of a segment, differenced along its rows."""
    size = part.dtype.itemsize
    if predictor == 1:
        return part.astype(part.dtype.newbyteorder(order)).tobytes()
    if predictor == 2:
        whole = part.view(f"u{size}")
        before = np.concatenate([np.zeros_like(whole[:, :1]), whole[:, :-1]], axis=1)
        return (whole - before).astype(f"{order}u{size}").tobytes()
    octets = part.astype(part.dtype.newbyteorder(">")).view(np.uint8)
    by_place = octets.reshape(len(part), -1, size).transpose(0, 2, 1).reshape(len(part), -1)
    shift = part.shape[2]
    before = np.concatenate([np.zeros_like(by_place[:, :shift]), by_place[:, :-shift]], axis=1)
    return (by_place - before).tobytes()


def _packed(data: bytes, compression: int) -> bytes:
    if compression == DEFLATE:
        return zlib.compress(data)
    if compression == PACK_BITS:  # literal runs alone
        runs = (data[at : at + 128] for at in range(0, len(data), 128))
        return b"".join(bytes([len(run) - 1]) + run for run in runs)
    if compression == LZW:  # a table that is cleared before its codes need a tenth bit
        codes = []
        for at in range(0, len(data), 200):
            codes += [256, *data[at : at + 200]]
        bits = "".join(f"{code:09b}" for code in [*codes, 257])
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")
    return data


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of grey levels that mean level**gamma."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def colour_profile(to_xyz: NDArray[np.float64], gamma: float, *, name: str = "Made") -> bytes:
    """An ICC profile of colours: linear light is level**gamma, `to_xyz` is for the D50 white."""
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, to_xyz.T), strict=True))
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    return _profile(b"RGB ", {**columns, **curves}, name)


def _profile(space: bytes, tags: Mapping[bytes, bytes], name: str = "Made") -> bytes:
    """Version 2.1 of ICC.1."""
    text = name.encode() + b"\0"
    white = (0.9642, 1.0, 0.8249)
    whole = {
        **tags,
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"wtpt": _xyz(white),
        b"cprt": b"text\0\0\0\0none\0",
    }
    at, table, body = 132 + 12 * len(whole), b"", b""
    for tag, data in whole.items():
        table += tag + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28xI", at + len(body), 0x02100000, b"mntr", space, b"XYZ ", b"acsp", 0
    )
    header = (header + _fixed(*white)).ljust(128, b"\0")
    return header + struct.pack(">I", len(whole)) + table + body


def _fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def _xyz(numbers: Any) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*numbers)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
