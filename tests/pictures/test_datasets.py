"""Data sets: torchvision's own loaders on small files of the same formats, and a local server."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import UPRIGHT
from numpy.typing import NDArray
from PIL import Image
from torchvision import datasets

from design_core.pictures import PictureError
from design_core.pictures.dataset_cards import CIFAR10_CLASSES, CIFAR100_CLASSES, DATASETS
from design_core.pictures.datasets import (
    class_folder_sets,
    dataset_picture,
    open_dataset,
    open_folder,
    open_set,
    open_split,
)
from design_core.pictures.download import download_dataset
from design_core.pictures.picture_set import SPLITS, DatasetError
from design_core.training.data import load_data

RNG = np.random.default_rng(3)
COUNT = 4  # pictures in each file
Files = dict[str, bytes]


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tar(files: Mapping[str, bytes]) -> bytes:
    """Return a .tar.gz of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


class Small:
    """A data set of a few random pictures, in the files that its real counterpart has.

    `pixels` and `labels` are by split; `files` lie below the root; `archives` are what a server
    offers, and `patch` tells torchvision their checksums and where the server is.
    """

    def __init__(self, name: str, shape: tuple[int, ...], classes: int) -> None:
        self.name = name
        self.pixels: dict[str, NDArray[np.uint8]] = {}
        self.labels: dict[str, list[int]] = {}
        self.files: Files = {}
        self.archives: Files = {}
        for split in SPLITS:
            self.pixels[split] = RNG.integers(0, 256, (COUNT, *shape), dtype=np.uint8)
            self.labels[split] = RNG.integers(0, classes, COUNT).tolist()

    @property
    def folder(self) -> str:
        return DATASETS[self.name].folder

    def write(self, root: Path) -> None:
        """Lay the files out below a root."""
        for name, data in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def patch(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        """Let torchvision expect these files from that address."""
        raise NotImplementedError


class SmallCifar(Small):
    """Pickled batches: rows of 3072 bytes, red plane first."""

    def __init__(self, name: str) -> None:
        hundred = name == "cifar100"
        super().__init__(name, (32, 32, 3), 100 if hundred else 10)
        key = "fine_labels" if hundred else "labels"
        batches = [f"data_batch_{k}" for k in range(1, 6)]
        names = {"train": ["train"] if hundred else batches, "test": ["test"]}
        if not hundred:
            names["test"] = ["test_batch"]
            self.pixels["train"] = RNG.integers(0, 256, (5 * COUNT, 32, 32, 3), dtype=np.uint8)
            self.labels["train"] = RNG.integers(0, 10, 5 * COUNT).tolist()
        for split in SPLITS:
            for k, file in enumerate(names[split]):
                part = slice(k * COUNT, (k + 1) * COUNT)
                rows = self.pixels[split][part].transpose(0, 3, 1, 2).reshape(COUNT, -1)
                batch = {"data": rows, key: self.labels[split][part]}
                self.files[f"{self.folder}/{file}"] = pickle.dumps(batch)
        meta_key = "fine_label_names" if hundred else "label_names"
        meta = pickle.dumps({meta_key: list(DATASETS[name].class_names)})
        self.files[f"{self.folder}/{'meta' if hundred else 'batches.meta'}"] = meta
        self.archives = {f"{name}.tar.gz": tar(self.files)}

    def patch(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        loader = datasets.CIFAR100 if self.name == "cifar100" else datasets.CIFAR10
        for attribute in ("train_list", "test_list"):
            entries = [
                [file, md5(self.files[f"{self.folder}/{file}"])]
                for file, _ in getattr(loader, attribute)
            ]
            monkeypatch.setattr(loader, attribute, entries)
        meta = self.files[f"{self.folder}/{loader.meta['filename']}"]
        monkeypatch.setattr(loader, "meta", {**loader.meta, "md5": md5(meta)})
        (archive,) = self.archives
        monkeypatch.setattr(loader, "url", f"{address}/{archive}")
        monkeypatch.setattr(loader, "tgz_md5", md5(self.archives[archive]))


class SmallStl(Small):
    """Raw planes, column by column, and labels from 1."""

    def __init__(self) -> None:
        super().__init__("stl10", (96, 96, 3), 10)
        for split in SPLITS:
            planes = self.pixels[split].transpose(0, 3, 2, 1)
            labels = bytes(label + 1 for label in self.labels[split])
            self.files[f"{self.folder}/{split}_X.bin"] = planes.tobytes()
            self.files[f"{self.folder}/{split}_y.bin"] = labels
        self.files[f"{self.folder}/unlabeled_X.bin"] = b""
        self.archives = {"stl10.tar.gz": tar(self.files)}

    def patch(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        for attribute in ("train_list", "test_list"):
            entries = [
                [file, md5(self.files[f"{self.folder}/{file}"])]
                for file, _ in getattr(datasets.STL10, attribute)
            ]
            monkeypatch.setattr(datasets.STL10, attribute, entries)
        monkeypatch.setattr(datasets.STL10, "url", f"{address}/stl10.tar.gz")
        monkeypatch.setattr(datasets.STL10, "tgz_md5", md5(self.archives["stl10.tar.gz"]))


class SmallFashion(Small):
    """IDX files, each compressed by gzip."""

    def __init__(self) -> None:
        super().__init__("fashion-mnist", (28, 28), 10)
        for split, prefix in (("train", "train"), ("test", "t10k")):
            images = struct.pack(">IIII", 0x803, COUNT, 28, 28) + self.pixels[split].tobytes()
            labels = struct.pack(">II", 0x801, COUNT) + bytes(self.labels[split])
            idx = {
                f"{prefix}-images-idx3-ubyte": images,
                f"{prefix}-labels-idx1-ubyte": labels,
            }
            self.files |= {f"{self.folder}/raw/{file}": data for file, data in idx.items()}
            self.archives |= {f"{file}.gz": gzip.compress(data) for file, data in idx.items()}

    def patch(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        resources = [(file, md5(data)) for file, data in self.archives.items()]
        monkeypatch.setattr(datasets.FashionMNIST, "resources", resources)
        monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [f"{address}/"])


MAKERS: dict[str, Callable[[], Small]] = {
    "cifar10": lambda: SmallCifar("cifar10"),
    "cifar100": lambda: SmallCifar("cifar100"),
    "stl10": SmallStl,
    "fashion-mnist": SmallFashion,
}


@pytest.fixture
def offered() -> Files:
    """What the server has; a test fills it."""
    return {}


@pytest.fixture
def server(offered: Files) -> Iterator[str]:
    """Serve `offered` on this machine; a name that ends in ``!`` breaks off half-way."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            broken = offered.get(f"{name}!")
            data = broken or offered.get(name)
            if data is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if broken else data)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(params=MAKERS)
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, server: str) -> Small:
    """Each data set in turn, as torchvision now expects it."""
    made = MAKERS[request.param]()
    made.patch(monkeypatch, server)
    return made


@pytest.fixture
def cifar(monkeypatch: pytest.MonkeyPatch, server: str) -> Small:
    """CIFAR-10 alone, where one data set tells enough."""
    made = SmallCifar("cifar10")
    made.patch(monkeypatch, server)
    return made


def check(small: Small, root: Path) -> None:
    """Assert that both splits read back exactly."""
    for split in SPLITS:
        opened = open_dataset(small.name, root, split=split)
        assert opened.name == f"{small.name}-{split}"
        assert opened.class_names == DATASETS[small.name].class_names
        assert len(opened) == len(small.labels[split])
        assert opened.labels.tolist() == small.labels[split]
        for index, expected in enumerate(small.pixels[split]):
            picture = opened.picture(index)
            colour = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
            np.testing.assert_array_equal(picture.pixels, colour)
            assert picture.name == f"{small.name}-{split}-{index:05d}"
            assert opened.label(index) == small.labels[split][index]


# Opening


def test_class_names_are_complete() -> None:
    assert len(CIFAR10_CLASSES) == 10
    assert len(CIFAR100_CLASSES) == 100
    for classes in (CIFAR10_CLASSES, CIFAR100_CLASSES):
        assert list(classes) == sorted(set(classes))
    assert DATASETS["fashion-mnist"].class_names == tuple(datasets.FashionMNIST.classes)


def test_cards_tell_torchvisions_folders() -> None:
    assert DATASETS["cifar10"].folder == datasets.CIFAR10.base_folder
    assert DATASETS["cifar100"].folder == datasets.CIFAR100.base_folder
    assert DATASETS["stl10"].folder == datasets.STL10.base_folder
    assert DATASETS["fashion-mnist"].folder == datasets.FashionMNIST.__name__


def test_both_splits_read_back(small: Small, tmp_path: Path) -> None:
    small.write(tmp_path)
    check(small, tmp_path)


def test_an_index_outside_is_refused(cifar: Small, tmp_path: Path) -> None:
    cifar.write(tmp_path)
    opened = open_dataset("cifar10", tmp_path)
    for index in (-1, COUNT):
        with pytest.raises(IndexError, match=f"CIFAR-10 test has pictures 0 to 3, not {index}"):
            opened.picture(index)
        with pytest.raises(IndexError):
            opened.label(index)
    with pytest.raises(ValueError, match="read-only"):
        opened.labels[0] = 1


@pytest.mark.parametrize("name", [name for name, card in DATASETS.items() if card.archives])
def test_an_absent_data_set_says_how_to_get_it(name: str, tmp_path: Path) -> None:
    size = DATASETS[name].megabytes
    with pytest.raises(DatasetError, match=rf"is not in .*\({size} MB\) with download_dataset"):
        open_dataset(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set 'mnist'\. Choose from cifar10, cifar100"):
        open_dataset("mnist", tmp_path)
    with pytest.raises(DatasetError, match="no data set 'mnist'"):
        download_dataset("mnist", tmp_path)
    with pytest.raises(DatasetError, match="has the splits train, test, not 'validation'"):
        open_dataset("cifar10", tmp_path, split="validation")


def test_damaged_files_are_refused(small: Small, tmp_path: Path) -> None:
    small.write(tmp_path)
    for file in small.files:
        (tmp_path / file).write_bytes(small.files[file][:10])
    with pytest.raises(DatasetError, match="is incomplete or damaged"):
        open_dataset(small.name, tmp_path)


# Downloading


def test_a_download_reads_back(small: Small, tmp_path: Path, offered: Files) -> None:
    offered |= small.archives
    fractions, messages = [], []

    def progress(fraction: float | None, message: str) -> None:
        # Whenever it is killed, nothing stands where a data set is looked for.
        assert (tmp_path / small.folder).exists() == (message == "Done")
        fractions.append(fraction)
        messages.append(message)

    download_dataset(small.name, tmp_path, progress=progress)
    check(small, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [small.folder]
    known = [fraction for fraction in fractions if fraction is not None]
    assert known == sorted(known)
    assert known[-1] == 1
    assert {f"Downloading {archive}" for archive in small.archives} <= set(messages)
    assert messages[-2:] == ["Checking", "Done"]


def test_a_complete_data_set_is_not_fetched_again(cifar: Small, tmp_path: Path) -> None:
    cifar.write(tmp_path)
    download_dataset("cifar10", tmp_path)  # the server has nothing


def test_a_damaged_data_set_is_replaced(cifar: Small, tmp_path: Path, offered: Files) -> None:
    offered |= cifar.archives
    cifar.write(tmp_path)
    (tmp_path / cifar.folder / "test_batch").write_bytes(b"half")
    download_dataset("cifar10", tmp_path)
    check(cifar, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("fault", ["cut short", "altered", "missing"])
def test_a_faulty_download_leaves_nothing(
    fault: str, small: Small, tmp_path: Path, offered: Files
) -> None:
    *sound, last = small.archives
    offered |= {name: small.archives[name] for name in sound}
    if fault == "cut short":
        offered[f"{last}!"] = small.archives[last]
    elif fault == "altered":
        offered[last] = small.archives[last][:-1] + b"?"
    with pytest.raises(DatasetError, match=r"cut short or altered|could not be downloaded"):
        download_dataset(small.name, tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(DatasetError, match="is not in"):
        open_dataset(small.name, tmp_path)


def test_an_archive_that_lacks_a_file_leaves_nothing(
    cifar: Small, tmp_path: Path, offered: Files, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    lacking = dict(list(cifar.files.items())[1:])
    cifar.archives = {"cifar10.tar.gz": tar(lacking)}
    cifar.patch(monkeypatch, server)
    offered |= cifar.archives
    with pytest.raises(DatasetError, match="its contents are not as published"):
        download_dataset("cifar10", tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_connection_is_said(
    cifar: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cifar.patch(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(DatasetError, match=r"could not be downloaded .* Check the connection"):
        download_dataset("cifar10", tmp_path / "new" / "root")
    assert not list((tmp_path / "new" / "root").iterdir())


def test_a_place_that_cannot_be_taken_is_said(
    cifar: Small, tmp_path: Path, offered: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered |= cifar.archives

    def refuse(path: Path, _target: Path) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(DatasetError, match="cannot be replaced"):
        download_dataset("cifar10", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_root_that_is_a_file_is_said(cifar: Small, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="could not be downloaded"):
        download_dataset(cifar.name, tmp_path / "file")


def test_progress_can_stop_a_download(cifar: Small, tmp_path: Path, offered: Files) -> None:
    offered |= cifar.archives

    def stop(fraction: float | None, _message: str) -> None:
        if fraction is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download_dataset("cifar10", tmp_path, progress=stop)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damaged", [False, True])
def test_downloads_at_the_same_time_do_not_collide(
    damaged: bool, cifar: Small, tmp_path: Path, offered: Files
) -> None:
    offered |= cifar.archives
    if damaged:
        (tmp_path / cifar.folder).mkdir()
        (tmp_path / cifar.folder / "test_batch").write_bytes(b"half")
    both = threading.Barrier(2)

    def progress(_fraction: float | None, message: str) -> None:
        if message == "Checking":
            both.wait(timeout=60)  # each has fetched, none has moved

    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(download_dataset, "cifar10", tmp_path, progress=progress) for _ in range(2)
        ]
        for one in running:
            one.result()
    check(cifar, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [cifar.folder]


# Class folders


def write_tree(root: Path) -> None:
    """Two classes, three pictures, and files that are none."""
    for name, level in (("moon/b.png", 20), ("moon/a.PNG", 10), ("cat/deep/c.gif", 30)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.full((2, 3), level, np.uint8))
        image.save(path, path.suffix[1:].upper())
    (root / "moon" / "notes.txt").write_text("no picture")
    (root / "readme.md").write_text("no class")


def test_class_folders_are_sorted(tmp_path: Path) -> None:
    write_tree(tmp_path)
    opened = open_folder(tmp_path)
    assert opened.name == tmp_path.name
    assert opened.class_names == ("cat", "moon")
    assert [opened.label(index) for index in range(len(opened))] == [0, 1, 1]
    pictures = [opened.picture(index) for index in range(len(opened))]
    assert [picture.name for picture in pictures] == ["c.gif", "a.PNG", "b.png"]
    assert [int(picture.pixels[0, 0, 0]) for picture in pictures] == [30, 10, 20]


@pytest.mark.parametrize(
    "clutter",
    [
        *(".ipynb_checkpoints/", ".ipynb_checkpoints/a-checkpoint.png", "._moon", "__MACOSX/a.png"),
        *("moon/._a.PNG", "cat/.DS_Store", "cat/Thumbs.db", "cat/.ipynb_checkpoints/c.gif"),
        *("moon/@eaDir/a.png", ".DS_Store", "desktop.ini", "$RECYCLE.BIN/a.png", "moon/a.PNG~"),
        *("System Volume Information/", "lost+found/", "#recycle/a.png", "__pycache__/"),
    ],
)
def test_clutter_is_neither_class_nor_picture(clutter: str, tmp_path: Path) -> None:
    root = tmp_path / ".sets"  # the folder that is asked for may be hidden
    write_tree(root)
    path = root / clutter
    if clutter.endswith("/"):
        path.mkdir()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((root / "moon" / "a.PNG").read_bytes())
    opened = open_folder(root)
    assert opened.class_names == ("cat", "moon")
    assert [opened.picture(index).name for index in range(len(opened))] == [
        "c.gif",
        "a.PNG",
        "b.png",
    ]


def test_pictures_of_a_class_may_have_any_ending(tmp_path: Path) -> None:
    write_tree(tmp_path)
    photo = (tmp_path / "moon" / "a.PNG").read_bytes()
    for name in ("d.jfif", "e", "f.dat"):
        (tmp_path / "moon" / name).write_bytes(photo)
    opened = open_folder(tmp_path)
    names = [opened.picture(index).name for index in range(len(opened))]
    assert names == ["c.gif", "a.PNG", "b.png", "d.jfif", "e", "f.dat"]


def test_class_folders_agree_with_torchvision(tmp_path: Path) -> None:
    for name in ("zebra/2.png", "zebra/10.png", "Ape/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(UPRIGHT).save(tmp_path / name)
    theirs, ours = datasets.ImageFolder(tmp_path), open_folder(tmp_path)
    assert ours.class_names == tuple(theirs.classes)
    assert ours.labels.tolist() == theirs.targets
    names = [ours.picture(index).name for index in range(len(ours))]
    assert names == [Path(path).name for path, _ in theirs.samples]


def test_a_damaged_picture_is_a_picture_error(tmp_path: Path) -> None:
    write_tree(tmp_path)
    (tmp_path / "moon" / "a.PNG").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(PictureError, match=r"a\.PNG is a damaged"):
        open_folder(tmp_path).picture(1)


@pytest.mark.parametrize("tree", ["missing", "file", "empty", "flat", "one-empty-class"])
def test_other_trees_are_refused(tree: str, tmp_path: Path) -> None:
    root = tmp_path / tree
    if tree == "file":
        root.touch()
    elif tree != "missing":
        root.mkdir()
    if tree == "flat":
        Image.fromarray(UPRIGHT).save(root / "a.png")
    if tree == "one-empty-class":
        write_tree(root)
        (root / "nothing").mkdir()
    with pytest.raises(DatasetError, match="cannot be read as class folders"):
        open_folder(root)


def write_split_tree(root: Path) -> None:
    for split, level in (("train", 10), ("test", 20)):
        for number, label in enumerate(("cat", "dog")):
            folder = root / split / label
            folder.mkdir(parents=True)
            grey = np.full((3, 3), level + number, np.uint8)
            Image.fromarray(grey).save(folder / "0.png")


def test_the_split_folders_of_training_are_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    write_split_tree(tmp_path / "pets")
    write_split_tree(tmp_path / "cifar10")
    write_tree(tmp_path / "moons")
    (tmp_path / ".hidden").mkdir()
    assert class_folder_sets(tmp_path) == {"moons": "moons", "pets": "pets-test"}
    for name, set_name in (("folder:pets", "pets-test"), ("cifar10", "cifar10-test")):
        test = open_split(name, tmp_path)
        assert test is not None
        assert (test.name, test.class_names) == (set_name, ("cat", "dog"))
        trained_on = load_data(name, root=tmp_path, image_size=3)
        for index in range(2):
            expected = trained_on.test_x[index].numpy()
            for picture in (
                test.picture(index),
                open_set(set_name, tmp_path).picture(index),
                dataset_picture(set_name, index, tmp_path),
            ):
                assert np.array_equal(picture.pixels, expected)
    train = open_split("folder:pets", tmp_path, split="train")
    assert train is not None
    assert (train.title, train.picture(0).pixels.max()) == ("pets train", 10)
    assert len(open_set("moons", tmp_path)) == 3


@pytest.mark.parametrize("name", ["folder:cats", "folder:../pets", "cifar10", "pets", "folder:"])
def test_no_split_where_training_finds_none(name: str, tmp_path: Path) -> None:
    write_split_tree(tmp_path / "pets")
    (tmp_path / "root").mkdir()
    assert open_split(name, tmp_path / "root") is None
