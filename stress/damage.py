"""Seeded damage to files: blind, and such as passes a format's own checks."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

__all__ = [
    "Damage",
    "damaged",
    "damaged_archive",
    "damaged_json",
    "damaged_matrix",
    "damaged_png",
    "damaged_tensors",
    "damaged_text",
    "damaged_tiff",
    "joined_tensors",
    "parted_tensors",
]

#: Bytes, a source of chance, and other files of the kind, to the bytes of a damaged one.
Damage = Callable[[bytes, Random, Sequence[bytes]], bytes]

# Numbers at which programs go wrong: around powers of two, where signs and sizes change.
_EDGES = (0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 4096, 6324, 32767, 32768, 65535, 65536)
_NUMBERS = (*_EDGES, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_WORDS = ("", "0", "-1", "1e999", "-1e308", "nan", "inf", "9" * 400, "0x10", "½", "\x00", "é" * 50)
_STEPS = (1, 1, 1, 2, 3, 8)


def damaged(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """One to eight blind changes: bits, bytes, numbers, cuts, repeats, pieces of other files."""
    changed = bytearray(data)
    for _ in range(draw.choice(_STEPS)):
        draw.choice(_CHANGES)(changed, draw, others)
    return bytes(changed)


def _flip_bits(data: bytearray, draw: Random, _: Sequence[bytes]) -> None:
    for _ in range(draw.choice(_STEPS)):
        if data:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _write_number(data: bytearray, draw: Random, _: Sequence[bytes]) -> None:
    """A whole number of 1 to 8 bytes over what is there: often a length, an offset or a size."""
    size = draw.choice((1, 2, 4, 4, 8))
    order = draw.choice(("little", "big"))
    number = draw.choice(_NUMBERS) % 2 ** (8 * size)
    # Headers are in front.
    reach = draw.choice((64, len(data)))
    at = draw.randrange(max(1, min(reach, len(data))))
    data[at : at + size] = number.to_bytes(size, order)


def _truncate(data: bytearray, draw: Random, _: Sequence[bytes]) -> None:
    del data[draw.randrange(len(data) + 1) :]


def _cut_out(data: bytearray, draw: Random, _: Sequence[bytes]) -> None:
    at = draw.randrange(len(data) + 1)
    del data[at : at + draw.choice((1, 4, 12, 64, 1000))]


def _repeat(data: bytearray, draw: Random, _: Sequence[bytes]) -> None:
    at = draw.randrange(len(data) + 1)
    piece = data[at : at + draw.choice((1, 4, 12, 64, 1000))]
    data[at:at] = piece * draw.choice((1, 1, 2, 50))


def _splice(data: bytearray, draw: Random, others: Sequence[bytes]) -> None:
    """The rest of another file, or a piece of it, in place of the own."""
    other = draw.choice(others)
    at, there = draw.randrange(len(data) + 1), draw.randrange(len(other) + 1)
    if draw.random() < 0.5:
        data[at:] = other[there:]
    else:
        data[at:at] = other[there : there + draw.choice((4, 12, 64, 1000))]


def _noise(data: bytearray, draw: Random, _: Sequence[bytes]) -> None:
    at, size = draw.randrange(len(data) + 1), draw.choice((1, 4, 16, 200))
    data[at : at + size] = draw.randbytes(size)


_CHANGES = (_flip_bits, _write_number, _write_number, _truncate, _cut_out, _repeat, _splice, _noise)


def damaged_png(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """Blind damage; every second time with right checksums, so that decoding goes on."""
    data = damaged(data, draw, others)
    return data if draw.random() < 0.5 else _with_checksums(data)


def damaged_tiff(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """Blind damage; every second time to the numbers of a directory, so that the rest is sound."""
    if draw.random() < 0.5:
        return damaged(data, draw, others)
    changed = bytearray(data)
    order = "big" if data[:2] == b"MM" else "little"
    at = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[at : at + 2], order)
    for _ in range(draw.choice(_STEPS)):
        entry = at + 2 + 12 * draw.randrange(max(1, count))
        place, size = draw.choice(((0, 2), (2, 2), (4, 4), (8, 4), (8, 4), (8, 4)))
        number = draw.choice(_NUMBERS) % 2 ** (8 * size)
        changed[entry + place : entry + place + size] = number.to_bytes(size, order)
    return bytes(changed)


def _with_checksums(data: bytes) -> bytes:
    repaired = bytearray(data)
    at = 8
    while at + 12 <= len(repaired):
        end = at + 8 + int.from_bytes(repaired[at : at + 4])
        if end + 4 > len(repaired):
            break
        repaired[end : end + 4] = struct.pack(">I", zlib.crc32(repaired[at + 4 : end]))
        at = end + 4
    return bytes(repaired)


def damaged_text(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """Blind damage, or words and pieces between the signs that part them."""
    if draw.random() < 0.3:
        return damaged(data, draw, others)
    text = data.decode(errors="replace")
    for _ in range(draw.choice(_STEPS)):
        marks = [at for at, sign in enumerate(text) if sign in " ,;|~_.=:<>/\"'[]{}\n-"]
        at = draw.choice(marks or [0])
        end = draw.choice([mark for mark in marks if mark > at] or [len(text)])
        new = draw.choice((*_WORDS, text[at:end] * 2, text[at:end] * 40))
        text = text[: at + 1] + new + text[draw.choice((at + 1, end)) :]
    return text.encode(errors="replace")[: 2**20]


def damaged_json(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """Other values at random places of a document that stays JSON; sometimes blind damage."""
    if draw.random() < 0.25:
        return damaged_text(data, draw, others)
    try:
        return json.dumps(_damaged_plain(json.loads(data), draw)).encode()
    except ValueError:  # a seed that is no JSON itself
        return damaged(data, draw, others)


def _damaged_plain(plain: Any, draw: Random) -> Any:
    """Plain data with one to eight values changed, dropped, doubled or renamed."""
    whole = {"": plain}
    for _ in range(draw.choice(_STEPS)):
        places = list(_places(whole))
        container, key = draw.choice(places)
        change = draw.randrange(8)
        if change == 0 and container is not whole:
            del container[key]
        elif change == 1 and isinstance(container, list):
            container.insert(key, container[key])
        elif change == 2 and isinstance(container, dict) and container is not whole:
            container[draw.choice((*_WORDS, "name", "kind", "shape"))] = container.pop(key)
        elif change == 3:
            other, there = draw.choice(places)
            container[key] = json.loads(json.dumps(other[there]))
        else:
            container[key] = draw.choice(_VALUES)(draw)
    return whole[""]


def _places(plain: Any, depth: int = 0) -> Any:
    """(container, key) of every value, the outer ones too; long lists at both ends only."""
    keys = list(plain) if isinstance(plain, dict) else list(range(len(plain)))
    for key in keys[:12] + keys[12:][-3:]:
        yield plain, key
        if isinstance(plain[key], (dict, list)) and depth < 12:
            yield from _places(plain[key], depth + 1)


def _nested(draw: Random) -> Any:
    value: Any = 1
    for _ in range(draw.choice((3, 100))):
        value = [value] if draw.random() < 0.9 else {"a": value}
    return value


_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda draw: draw.choice(_NUMBERS),
    lambda draw: -draw.choice(_NUMBERS),
    lambda draw: draw.choice((0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"))),
    lambda draw: draw.choice(_WORDS),
    lambda draw: draw.choice((None, True, False, [], {}, [[]], [{}], [None])),
    lambda draw: [draw.choice(_NUMBERS)] * draw.choice((1, 3, 65, 5000)),
    lambda draw: str(draw.choice(_NUMBERS)),
    _nested,
)


def damaged_archive(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """Damage to a ZIP archive, or to a member that is packed again with a right checksum."""
    if draw.random() < 0.4:
        return damaged(data, draw, others)
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for member in old.infolist():
            content = damaged(old.read(member), draw, [old.read(member)])
            method = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
            new.writestr(member.filename, content, compress_type=method)
    return stream.getvalue()


def damaged_matrix(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
    """Damage to a MAT file, every third time deflated afterwards, as MATLAB itself does."""
    data = damaged(data, draw, others)
    if draw.random() < 0.67 or len(data) < 128:
        return data
    packed = zlib.compress(data[128:])
    return data[:128] + struct.pack("<II", 15, len(packed)) + packed


def damaged_tensors(entry: str, seal: Callable[[Any, bytes], None]) -> Damage:
    """Damage to safetensors files with a JSON document in an entry of their header.

    Parameters
    ----------
    entry
        Of the header's ``__metadata__``.
    seal
        Called with the damaged document and the bytes of the tensors: puts checksums right.
    """

    def damage(data: bytes, draw: Random, others: Sequence[bytes]) -> bytes:
        way = draw.randrange(4)
        if way == 0:
            return damaged(data, draw, others)
        header, body = parted_tensors(data)
        document = json.loads(header["__metadata__"][entry])
        if way == 1:
            document = _damaged_plain(document, draw)
        elif way == 2:
            body = damaged(body, draw, [body])[: len(body)].ljust(len(body), b"\0")
        else:
            tensors = {name: value for name, value in header.items() if name != "__metadata__"}
            changed = _damaged_plain(tensors, draw)
            header = {"__metadata__": header["__metadata__"]}
            header |= changed if isinstance(changed, dict) else {"x": changed}
        if draw.random() < 0.8:
            seal(document, joined_tensors(header, body))
        header["__metadata__"][entry] = json.dumps(document)
        return joined_tensors(header, body)

    return damage


def parted_tensors(data: bytes) -> tuple[Any, bytes]:
    """Header and data of a safetensors file."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined_tensors(header: Any, body: bytes) -> bytes:
    """A safetensors file of both."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + body
