"""ZIP files of class folders: what is read, and a sentence for everything that is wrong."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from design_core.training.class_zip import ClassZipError, read_class_zip
from design_core.training.data import load_data, split_classes_evenly, textures


def png(shade: int, side: int = 6) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), shade, np.uint8)).save(file, "PNG")
    return file.getvalue()


def packed(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def two_classes(count: int = 6, root: str = "") -> dict[str, bytes]:
    return {
        f"{root}{label}/{k}.png": png(shade + k)
        for label, shade in (("dark", 10), ("light", 200))
        for k in range(count)
    }


@pytest.mark.parametrize("root", ["", "pets/", "a/b/train/", "/abs/", "../../up/", "C:\\x\\"])
def test_the_folder_of_a_picture_is_its_class(root: str) -> None:
    read = read_class_zip(packed(two_classes(root=root)), "some/pets.zip", side=4)
    assert read.name == "pets"
    assert read.class_names == ("dark", "light")
    assert read.x.shape == (12, 4, 4, 3)
    assert [int(x.mean()) > 100 for x in read.x] == [bool(y) for y in read.y]
    assert read.left_out == ()


def test_clutter_and_texts_are_passed_over_and_broken_pictures_told() -> None:
    entries = {
        **two_classes(),
        **{"__MACOSX/dark/._1.png": b"x", "dark/.DS_Store": b"x", "readme.txt": b"hello"},
        **{"dark/broken.png": b"\x89PNG\r\n\x1a\nno", "loose.png": png(3)},
    }
    read = read_class_zip(packed(entries), "pets.zip")
    assert len(read.x) == 12
    assert any("dark/broken.png" in sentence for sentence in read.left_out)
    assert any("loose.png is in no class folder" in sentence for sentence in read.left_out)


def problems(data: bytes) -> list[str]:
    with pytest.raises(ClassZipError) as raised:
        read_class_zip(data, "pets.zip")
    return raised.value.problems


def test_every_problem_is_told() -> None:
    assert "damaged ZIP" in problems(b"no zip")[0]
    assert "holds no picture" in problems(packed({"a/x.txt": b"x"}))[0]
    one = {name: data for name, data in two_classes().items() if name.startswith("dark")}
    assert "has only the class dark; two at least" in problems(packed(one))[0]
    loose = {name.replace("/", "-"): data for name, data in two_classes().items()}
    told = problems(packed(loose))
    assert "has no class folders" in told[0]
    assert "in no class folder" in told[-1]
    few = {**two_classes(), "third/1.png": png(5), "fourth/1.png": b"\x89PNG\r\n\x1a\nno"}
    told = problems(packed(few))
    assert "The class third has 1 picture that can be read; 5 at least are needed." in told
    assert any("The class fourth has 0 pictures" in one for one in told)
    assert any("fourth/1.png" in one for one in told)
    many = {f"{k}/1.png": png(3) for k in range(21)}
    assert problems(packed(many)) == ["pets.zip has 21 class folders; 20 are taken."]
    crowd = {f"{k % 2}/{k}.png": b"\x89PNG" for k in range(1001)}
    assert "holds 1,001 pictures; 1,000 are taken" in problems(packed(crowd))[0]


def test_a_bomb_is_a_picture_that_cannot_be_read() -> None:
    """An entry that unpacks to far more than it takes is cut off where no picture is so large."""
    entries = two_classes()
    entries["dark/bomb.png"] = b"\x89PNG\r\n\x1a\n" + bytes(64 * 2**20)
    data = packed(entries)
    assert len(data) < 2**20
    read = read_class_zip(data, "pets.zip")
    assert len(read.x) == 12
    assert "bomb.png" in read.left_out[0]


def test_names_are_text_and_bounded() -> None:
    entries = {
        name.replace("dark", "a\x1b[31m\u202e" + "x" * 90): d for name, d in two_classes().items()
    }
    read = read_class_zip(packed(entries), "pets.zip")
    name = next(one for one in read.class_names if one != "light")
    assert name.isprintable()
    assert len(name) <= 60


def test_a_fifth_of_each_class_is_kept_for_testing(tmp_path: Path) -> None:
    (tmp_path / "digits.zip").write_bytes(packed(two_classes(10)))
    data = load_data(f"zip:{tmp_path / 'digits.zip'}", channels=1, image_size=5)
    assert data.name == "digits (own)"  # these are not scikit-learn's
    assert data.train_y.bincount().tolist() == [8, 8]
    assert data.test_y.bincount().tolist() == [2, 2]
    assert data.train_x.shape[1:] == (5, 5, 1)
    again = split_classes_evenly(
        read_class_zip(packed(two_classes(10)), "digits.zip", channels=1, side=5)
    )
    assert again.sha256() == data.sha256()
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        load_data(f"zip:{tmp_path / 'none.zip'}")


def test_pieces_of_textures_are_tested_on_other_pixels() -> None:
    data = textures()
    assert data.class_names == ("grass", "gravel")
    assert data.train_x.shape == (800, 16, 16, 1)
    assert data.test_y.bincount().tolist() == [100, 100]
    train = {piece.tobytes() for piece in data.train_x.numpy()}
    assert not train & {piece.tobytes() for piece in data.test_x.numpy()}
    assert load_data("textures", channels=1, image_size=16).sha256() == data.sha256()
