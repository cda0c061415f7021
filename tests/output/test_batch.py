"""Batches: the library's scores, all maps, and no archive or picture that stops the others."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hostile import encode, hostile_pictures
from PIL import Image

from design_core.__main__ import main
from design_core.kernels.kernel import ThresholdKernel
from design_core.kernels.published import PUBLISHED
from design_core.lab.feature_maps import extract_maps
from design_core.output import batch as module
from design_core.output.batch import (
    Row,
    Settings,
    batch_finding,
    batch_rows,
    scores_csv,
)
from design_core.pictures import MAX_BYTES, Picture, PictureError, fit
from design_core.pictures.items import MAX_PICTURES, Item, archive_items, file_items
from design_core.pictures.samples import sample
from design_core.scaling import fit_scale
from design_core.scores.comparison import compare_activations

KERNEL = PUBLISHED["2x2x4-shifted-v1"]
SETTINGS = Settings(KERNEL, longest=40, source="random-conv", maps=3, seed=4)


def samples(*names: str) -> list[Item]:
    return file_items([f"sample:{name}" for name in names])


def test_rows_hold_the_means_over_the_maps() -> None:
    (row,) = batch_rows(samples("coins"), SETTINGS)
    x = extract_maps(fit(sample("coins"), 40), "random-conv", maps=3, seed=4).x
    compared = compare_activations(x, KERNEL)
    assert (row.name, row.height, row.width, row.maps) == ("sample:coins", 32, 40, 3)
    for name in ("sign", "design"):
        assert row.scores[f"{name}_tv"] == compared[name].tv.mean()
        assert row.scores[f"{name}_density"] == compared[name].density.mean()
        assert row.scores[f"{name}_entropy"] == compared[name].entropy_2x2.mean()


def test_a_fitted_scale_is_fitted_to_each_picture() -> None:
    kernel = KERNEL.scaled(strength=0.5)
    rows = list(batch_rows(samples("coins", "grass"), Settings(kernel, fitted=True, longest=40)))
    for row, name in zip(rows, ("coins", "grass"), strict=True):
        x = extract_maps(fit(sample(name), 40), "picture").x
        fitted = kernel.with_scale(fit_scale(x, kernel.level_set)).scaled(strength=0.5)
        assert row.scores["design_tv"] == compare_activations(x, fitted)["design"].tv.mean()


def test_the_archive_holds_every_bit_and_the_table() -> None:
    archive = io.BytesIO()
    rows = list(batch_rows(samples("coins", "nope", "grass"), SETTINGS, archive))
    packed = zipfile.ZipFile(archive)
    assert packed.testzip() is None
    folders = ("001-sample-coins", "003-sample-grass")
    expected = [
        f"{folder}/{name}-{index:02}.png"
        for folder in folders
        for name in ("sign", "design")
        for index in range(3)
    ]
    assert packed.namelist() == [*expected, "scores.csv", "settings.json"]
    for folder, name in zip(folders, ("coins", "grass"), strict=True):
        x = extract_maps(fit(sample(name), 40), "random-conv", maps=3, seed=4).x
        bits = compare_activations(x, KERNEL)["design"].output
        for index in range(3):
            with Image.open(io.BytesIO(packed.read(f"{folder}/design-{index:02}.png"))) as image:
                assert np.array_equal(np.asarray(image), bits[index])
    assert packed.read("scores.csv").decode() == scores_csv(rows)
    settings = json.loads(packed.read("settings.json"))
    assert ThresholdKernel.from_dict(settings["kernel"]) == KERNEL
    assert settings["maps"] == 3


def test_a_stopped_batch_leaves_a_whole_archive() -> None:
    archive = io.BytesIO()
    coming = batch_rows(samples("coins", "grass"), SETTINGS, archive)
    first = next(coming)
    coming.close()
    packed = zipfile.ZipFile(archive)
    assert packed.testzip() is None
    assert packed.read("scores.csv").decode() == scores_csv([first])


def test_a_full_archive_takes_no_more_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ARCHIVE", 100)
    archive = io.BytesIO()
    first, second = batch_rows(samples("coins", "grass"), SETTINGS, archive)
    assert (first.problem, first.is_scored, second.is_scored) == ("", True, True)
    assert "full" in second.problem
    names = zipfile.ZipFile(archive).namelist()
    assert not any(name.startswith("002") for name in names)


def test_bad_pictures_are_rows_and_the_others_go_on() -> None:
    hostile = hostile_pictures()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in hostile.items():
            archive.writestr(f"{name}.png", data)
        archive.writestr("good.png", encode(Image.new("L", (9, 9), 3), "PNG"))
    rows = list(batch_rows(archive_items(packed.getvalue(), "x.zip"), SETTINGS))
    assert len(rows) == len(hostile) + 1
    assert rows[-1].is_scored
    for row in rows[:-1]:
        assert not row.is_scored
        assert len(row.problem) > 20, row


def test_names_are_safe_as_folders_and_in_spreadsheets() -> None:
    picture = Picture.from_pixels(np.eye(8, dtype=np.uint8), name="x")
    names = ("../../etc/passwd", "C:\\a\\b.png", "=cmd()", "-1", "\u202egnp.exe", "")
    archive = io.BytesIO()
    rows = list(batch_rows([Item(name, lambda: picture) for name in names], SETTINGS, archive))
    for entry in zipfile.ZipFile(archive).namelist():
        assert ".." not in entry
        assert entry.count("/") <= 1
        assert "\\" not in entry
    table = list(csv.reader(io.StringIO(scores_csv(rows))))
    assert [line[0] for line in table[1:]] == [
        names[0],
        names[1],
        "'=cmd()",
        "'-1",
        "\\u202egnp.exe",
        "",
    ]


def test_no_more_pictures_than_the_limit() -> None:
    items = samples("coins") * (MAX_PICTURES + 1)
    with pytest.raises(ValueError, match=f"At most {MAX_PICTURES}"):
        batch_rows(items, SETTINGS)
    rows = batch_rows(items, SETTINGS, most=None)
    assert next(rows).is_scored
    rows.close()


# Archives.


def test_what_is_no_picture_is_passed_over() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a/one.PNG", "a/", "notes.txt", "__MACOSX/._one.png", "inner.zip"):
            archive.writestr(name, b"x")
    assert [item.name for item in archive_items(packed.getvalue(), "x.zip")] == ["a/one.PNG"]


def test_endings_decide_nothing_in_folders_and_archives(tmp_path: Path) -> None:
    photo = encode(Image.new("RGB", (9, 9), (250, 3, 3)), "JPEG")
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    names = ("a.jfif", "b.jpe", "c", "d.dat", "e.png")
    files = {
        **dict.fromkeys(names, photo),
        "f.HEIC": heic,
        "notes.txt": b"words",
        ".DS_Store": photo,
    }
    files |= {"._a.jfif": photo, ".ipynb_checkpoints/a.png": photo, "Thumbs.db": photo}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
            path = tmp_path / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (tmp_path / "zipped.bin").write_bytes(packed.getvalue())
    for reference in ("folder", "zipped.bin"):
        items = file_items([str(tmp_path / reference)])
        assert [Path(item.name).name for item in items] == [*names, "f.HEIC"]
        rows = list(batch_rows(items, Settings(KERNEL, longest=9)))
        assert [row.is_scored for row in rows] == [*len(names) * [True], False]
        assert "HEIC picture, which is not read" in rows[-1].problem


def test_an_entry_is_unpacked_no_further_than_a_picture_may_be_large() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(MAX_BYTES * 3))
    assert len(packed.getvalue()) < 100_000
    seen: list[int] = []

    def decoder(data: bytes, name: str) -> Picture:
        seen.append(len(data))
        raise PictureError(f"{name} is a bomb")

    (item,) = archive_items(packed.getvalue(), "x.zip", decoder=decoder)
    with pytest.raises(PictureError, match="bomb"):
        item.open()
    assert seen == [MAX_BYTES + 1]


def a_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.png", encode(Image.new("L", (9, 9), 3), "PNG"))
    return packed.getvalue()


WHOLE = a_zip()
END = WHOLE.rfind(b"PK\5\6")


def with_directory_size(size: int) -> bytes:
    return WHOLE[: END + 12] + struct.pack("<I", size) + WHOLE[END + 16 :]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "damaged ZIP"),
        (b"PK\3\4", "damaged ZIP"),
        (WHOLE[:END], "damaged ZIP"),
        (WHOLE[: END + 10], "damaged ZIP"),
        (WHOLE[END:], "damaged ZIP"),
        (with_directory_size(2**31), "far more files"),
        (with_directory_size(10**5), "damaged ZIP"),
        (WHOLE[:END] + b"PK\6\7" + bytes(16) + WHOLE[END:], "damaged ZIP"),
    ],
)
def test_damaged_archives_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        archive_items(data, "x.zip")


@pytest.mark.parametrize("place", range(0, len(WHOLE), 3))
def test_damage_anywhere_is_a_refusal_or_a_row(place: int) -> None:
    data = bytearray(WHOLE)
    data[place] ^= 0xFF
    try:
        items = archive_items(bytes(data), "x.zip")
    except PictureError:
        return
    for row in batch_rows(items, SETTINGS):
        assert row.is_scored != bool(row.problem)


def test_a_name_that_is_not_what_it_says_loses_no_archive() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in ("caf\u00e9.png", "b.png"):
            archive.writestr(name, encode(Image.new("L", (4, 4), 9), "PNG"))
    data = stream.getvalue().replace("caf\u00e9".encode(), b"caf\xe9!")  # said to be UTF-8
    items = archive_items(data, "old.zip")
    assert [item.name[:3] for item in items] == ["caf", "b.p"]
    assert [item.open().pixels[0, 0, 0] for item in items] == [9, 9]


def test_an_encrypted_entry_is_told_what_to_do() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.png", encode(Image.new("L", (4, 4), 9), "PNG"))
    data = bytearray(stream.getvalue())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    (item,) = archive_items(bytes(data), "secret.zip")
    with pytest.raises(PictureError, match=r"a\.png is encrypted\. Unpack the archive"):
        item.open()


def test_an_archive_without_pictures_is_told() -> None:
    packed = io.BytesIO()
    zipfile.ZipFile(packed, "w").close()
    with pytest.raises(PictureError, match="holds no picture"):
        archive_items(packed.getvalue(), "x.zip")


# The sentence.


def row(sign: float | None, design: float | None) -> Row:
    known = {"sign_tv": sign, "design_tv": design}
    return Row("x", scores={name: score for name, score in known.items() if score is not None})


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [row(0.1, 0.2), row(0.1, 0.3), row(0.4, 0.2)],
            "DeSign shows more edges than Sign on 2 of 3 pictures, 2.0 × in the median.",
        ),
        (
            [row(0.1, 0.1), row(None, None)],
            "DeSign shows more edges than Sign on 0 of 1 pictures, 1.0 × in the median; "
            "1 could not be read.",
        ),
        ([row(0.0, 0.1)], "No edges to compare on 1 pictures."),
        ([], "No edges to compare on 0 pictures."),
    ],
)
def test_the_sentence_counts(rows: list[Row], sentence: str) -> None:
    assert batch_finding(rows) == sentence


# The command.


def test_the_command_scores_files_folders_and_archives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "one.png").write_bytes(encode(Image.new("L", (9, 9), 3), "PNG"))
    (tmp_path / "more.zip").write_bytes(WHOLE)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    out = tmp_path / "out.zip"
    given = [str(tmp_path / name) for name in ("folder", "more.zip", "bad.png")]
    assert main(["batch", *given, "sample:coins", "--size", "40", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "bad.png is text" in printed.err
    items = file_items([*given, "sample:coins"])
    rows = list(batch_rows(items, Settings(PUBLISHED["2x2-v2"], longest=40)))
    assert printed.out.splitlines()[-1] == batch_finding(rows)
    assert "of 3 pictures" in batch_finding(rows)
    assert len([n for n in zipfile.ZipFile(out).namelist() if n.endswith(".png")]) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bad.png",
        "folder",
        "more.zip",
        "out.zip",
    ]


def test_the_command_prints_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "sample:coins", "--csv", "--size", "40"]) == 0
    (row,) = batch_rows(samples("coins"), Settings(PUBLISHED["2x2-v2"], longest=40))
    assert capsys.readouterr().out == scores_csv([row])


def test_the_command_fails_if_nothing_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", "sample:nope"]) == 1
    assert "no sample 'nope'" in capsys.readouterr().err


def test_a_failed_command_leaves_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    assert main(["batch", "sample:coins", "--source", "nonsense", "--out", str(out)]) == 1
    with pytest.raises(SystemExit):
        main(["batch", "sample:coins", "--scale", "nonsense", "--out", str(out)])
