"""Content decides what a file is; and what programs leave among pictures is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostile import UPRIGHT, encode
from PIL import Image

from design_core.pictures import PictureError, decode, is_clutter, picture_files
from design_core.pictures.kinds import kind_of

PNG = encode(Image.fromarray(UPRIGHT), "PNG")


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"avif\0\0\0\0mif1avif", "AVIF"),
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"avis\0\0\0\0msf1", "AVIF"),
        (b"heic\0\0\0\0mif1heic", "a HEIC picture"),
        (b"mif1\0\0\0\0mif1heix", "a HEIC picture"),
        (b"mif1\0\0\0\0mif1", "a HEIC picture"),
        (b"isom\0\0\0\0isommp42", "a video"),
        (b"qt  avifqt  ", "a video"),  # the version is no brand
    ],
)
def test_brands_of_media_files(brands: bytes, kind: str) -> None:
    box = (len(brands) + 8).to_bytes(4) + b"ftyp" + brands
    assert kind_of(box + b"heicavif" * 100) == kind


def test_pictures_that_are_not_read_are_told_what_to_do() -> None:
    with pytest.raises(PictureError, match=r"a HEIC picture, which is not read\. Share or save it"):
        decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", name="IMG_0001.HEIC")


def test_avif_is_read() -> None:
    flat = Image.new("RGB", (64, 48), (250, 10, 10))
    picture = decode(encode(flat, "AVIF", quality=100), name="x.avif")
    assert (picture.height, picture.width) == (48, 64)
    assert abs(picture.pixels.astype(int) - (250, 10, 10)).max() <= 3


@pytest.mark.parametrize(
    "path",
    [
        *(".DS_Store", "._00.png", "cats/._00.png", "__MACOSX/cats/00.png", "cats/Thumbs.db"),
        *(".ipynb_checkpoints/00-checkpoint.png", "cats/desktop.ini", "@eaDir/00.png/SYNO.png"),
        *("$RECYCLE.BIN/$R1.png", "System Volume Information/x.png", "lost+found/00.png"),
        *("#recycle/00.png", "#snapshot/cats/00.png", "__pycache__/00.png", "cats/00.png~"),
        *("~$00.png", "cats/~$00.png"),
    ],
)
def test_clutter(path: str) -> None:
    assert is_clutter(path)
    assert is_clutter(Path(path))


@pytest.mark.parametrize(
    "path",
    ["a.png", "cats/a.b.png", "./a.png", "../a.png", "thumbs/a.png", "cats~/a.png", "a~b.png"],
)
def test_no_clutter(path: str) -> None:
    assert not is_clutter(path)


def test_files_of_a_folder(tmp_path: Path) -> None:
    root = tmp_path / ".hidden"  # that was asked for, so what is in it counts
    names = ("b.jfif", "a/photo", "a/photo.JPE", "a/half.png", "mixed.dat", "phone.HEIC")
    for name in (*names, ".DS_Store", "._b.jfif", ".ipynb_checkpoints/a.png", "a/Thumbs.db"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    (root / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (root / "a/half.png").write_bytes(b"nothing")
    (root / "notes.txt").write_text("no picture")
    (root / "gone.png").symlink_to(root / "nowhere.png")
    os.mkfifo(root / "pipe.png")
    assert picture_files(root) == sorted(root / name for name in names)
