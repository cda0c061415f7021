"""Kernel files: what is written comes back, other programs agree, hostile bytes are refused."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import re
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import loadmat, savemat

from design_core.kernels.files import (
    FORMATS,
    MAX_FILE_BYTES,
    KernelFileError,
    kernel_parts,
    load_kernel,
    read_kernel,
    write_kernel,
)
from design_core.kernels.kernel import MAX_SLICES, OMEGA, ThresholdKernel
from design_core.kernels.patterns import PATTERNS
from design_core.kernels.published import PUBLISHED
from design_core.kernels.spec import open_kernel
from design_core.scaling import Scale, lloyd_max
from design_core.text import printable

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=4)
levels = hnp.arrays(np.int64, SHAPES, elements=st.sampled_from(OMEGA))
reals = hnp.arrays(np.float64, SHAPES, elements=st.floats(-9, 9)).filter(
    lambda array: bool((array != np.rint(array)).any())
)
one_slice = [name for name, kernel in PUBLISHED.items() if kernel.shape[0] == 1]
WRITABLE = [
    (form, name)
    for form in FORMATS
    for name in PUBLISHED
    if form != "xml" or PUBLISHED[name].shape[0] == 1
]


def npy(array: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def npy_header(shape: str, descr: str = "'<i8'", version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text


def npz(*, compression: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return stream.getvalue()


def mat(**variables: object) -> bytes:
    deflate = bool(variables.pop("do_compression", False))
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=deflate)
    return stream.getvalue()


# There and back.


@pytest.mark.parametrize(("form", "name"), WRITABLE)
def test_published_kernels_come_back_from_every_format(form: str, name: str) -> None:
    back = read_kernel(write_kernel(PUBLISHED[name], form), name=f"{name}.{form}")
    assert back == PUBLISHED[name]
    assert back.name == name


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (form, name)
        for form in FORMATS
        for name, pattern in PATTERNS.items()
        if form != "xml" or (pattern().shape[0] == 1 and pattern().levels.min() >= 0)
    ],
)
def test_levels_of_patterns_come_back_from_every_format(form: str, name: str) -> None:
    kernel = PATTERNS[name]()
    back = read_kernel(write_kernel(kernel, form), name=f"other.{form}")
    assert back.levels.tolist() == kernel.levels.tolist()
    np.testing.assert_array_equal(back.thresholds, kernel.thresholds)


@given(levels, st.sampled_from(["published", "matlab"]), st.floats(-9, 9), st.text(max_size=5))
def test_json_keeps_everything(entries: np.ndarray, scale: str, strength: float, name: str) -> None:
    kernel = ThresholdKernel(entries, OMEGA, Scale(scale, strength, 0.25), name)
    back = read_kernel(write_kernel(kernel, "json"), name="other.json")
    assert back == kernel
    assert back.name == kernel.name == printable(name)


@pytest.mark.parametrize("form", ["npy", "npz", "mat", "csv"])
@given(entries=levels, thresholds=reals)
def test_arrays_keep_levels_or_else_thresholds(
    form: str, entries: np.ndarray, thresholds: np.ndarray
) -> None:
    of_levels = ThresholdKernel(entries).scaled("lloyd-max", strength=0.5)
    back = read_kernel(write_kernel(of_levels, form), name=f"my kernel.{form}")
    assert back == ThresholdKernel(entries)
    assert back.name == "my kernel"

    real = ThresholdKernel.from_thresholds(thresholds)
    assert read_kernel(write_kernel(real, form), name=f"k.{form}") == real


@pytest.mark.parametrize("form", ["npy", "npz", "mat", "csv"])
def test_whole_thresholds_are_not_passed_off_as_levels(form: str) -> None:
    kernel = ThresholdKernel.from_thresholds([[0.0, 2.0]])
    with pytest.raises(KernelFileError, match="would be read as levels; use json"):
        write_kernel(kernel, form)
    assert read_kernel(write_kernel(kernel, "json"), name="k.json") == kernel


@pytest.mark.parametrize(
    "kernel",
    [
        PUBLISHED["2x2x4-shifted-v1"],
        PATTERNS["symmetric"](2),
        ThresholdKernel.from_thresholds([[0.5, 1]]),
    ],
)
def test_imagemagick_holds_one_slice_of_levels(kernel: ThresholdKernel) -> None:
    with pytest.raises(KernelFileError, match="one slice of levels from 0 up"):
        write_kernel(kernel, "xml")


def test_unknown_formats() -> None:
    with pytest.raises(KernelFileError, match="'png'; choose one of json, npy, npz, mat, csv, xml"):
        write_kernel(PUBLISHED["2x2-v1"], "png")
    for name in ("kernel.png", "kernel", "", ".json"):
        with pytest.raises(KernelFileError, match=r"should end in one of \.json, \.npy"):
            read_kernel(b"1", name=name)


def test_nothing_is_written_that_would_not_be_read() -> None:
    generator = np.random.default_rng(0)
    large = ThresholdKernel.from_thresholds(generator.standard_normal((32, 64, 64)))
    with pytest.raises(KernelFileError, match="more than 4 MiB as json; use npy"):
        write_kernel(large, "json")
    for form in ("npy", "npz", "mat"):
        assert read_kernel(write_kernel(large, form), name=f"k.{form}") == large
    immense = ThresholdKernel(np.zeros((1024, 64, 64), int))
    for form in FORMATS:
        with pytest.raises(KernelFileError, match="4,194,304 entries; files hold 524,288 at most"):
            write_kernel(immense, form)


@pytest.mark.parametrize("form", ["json", "npy", "npz", "mat", "csv"])
def test_a_slice_for_every_channel_comes_back(form: str) -> None:
    kernel = ThresholdKernel(np.random.default_rng(0).choice(OMEGA, (MAX_SLICES, 16, 3)))
    assert read_kernel(write_kernel(kernel, form), name=f"k.{form}") == kernel


def test_files_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "Mine.CSV"
    path.write_bytes(b"1,1\n3,3\n")
    assert load_kernel(path) == PUBLISHED["2x2-v2"]
    assert load_kernel(str(path)).name == "Mine"
    for missing in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(KernelFileError, match="cannot be opened"):
            load_kernel(missing)


# Other programs.


@pytest.mark.parametrize("name", PUBLISHED)
def test_scipy_reads_our_matlab_files_with_slices_third(name: str) -> None:
    kernel = PUBLISHED[name]
    matrix = loadmat(io.BytesIO(write_kernel(kernel, "mat")))["kernel"]
    slices, rows, columns = kernel.shape
    np.testing.assert_array_equal(
        matrix.reshape(rows, columns, slices), np.moveaxis(kernel.levels, 0, 2)
    )


@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize(
    "dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">f8", "?"]
)
def test_matlab_files_of_every_number_type(dtype: str, deflated: bool) -> None:
    matrix = np.array([[[1, 0], [1, 1]], [[0, 0], [1, 0]], [[0, 1], [0, 1]]], dtype=dtype)
    data = mat(first="words", kernel=matrix, last=np.eye(3), do_compression=deflated)
    kernel = read_kernel(data, name="k.mat")
    np.testing.assert_array_equal(kernel.levels, np.moveaxis(matrix, 2, 0).astype(int))


def test_big_endian_matlab_files() -> None:
    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    matrix = (
        element(6, struct.pack(">II", 6, 0))
        + element(5, struct.pack(">ii", 2, 2))
        + element(1, b"kernel")
        + struct.pack(">HH4s", 4, 2, bytes([1, 3, 1, 3]))  # the short form: four uint8
    )
    data = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI" + element(14, matrix)
    assert read_kernel(data, name="k.mat") == PUBLISHED["2x2-v2"]
    np.testing.assert_array_equal(loadmat(io.BytesIO(data))["kernel"], [[1, 1], [3, 3]])


def test_matlab_matrices_with_real_thresholds() -> None:
    thresholds = np.array([[[0.31, 0.63], [0.97, 1.34]]])
    kernel = read_kernel(mat(kernel=np.moveaxis(thresholds, 0, 2)), name="k.mat")
    np.testing.assert_array_equal(kernel.thresholds, thresholds)


@pytest.mark.parametrize("dtype", ["u1", ">i2", "<f4", "f8", "f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_numpy(dtype: str, order: str) -> None:
    array = np.asarray(PUBLISHED["2x2x4-shifted-v1"].levels, dtype=dtype, order=order)
    for data, name in [(npy(array), "k.npy"), (npz(kernel=npy(array), extra=b"no array"), "k.npz")]:
        assert read_kernel(data, name=name) == PUBLISHED["2x2x4-shifted-v1"]


def test_numpy_reads_ours() -> None:
    kernel = PUBLISHED["2x2-complement-v1"]
    np.testing.assert_array_equal(np.load(io.BytesIO(write_kernel(kernel, "npy"))), kernel.levels)
    with np.load(io.BytesIO(write_kernel(kernel, "npz"))) as archive:
        np.testing.assert_array_equal(archive["kernel"], kernel.levels)


@pytest.mark.parametrize(
    ("data", "level_set", "scale"),
    [
        (b'{"matrix": [[0, 8], [12, 4]], "max": 16}', range(16), "lloyd-max"),
        (b'{"matrix": [[1, 3], [3, 1]], "max": 16}', range(16), "lloyd-max"),
        (b'{"matrix": [[0, 2], [4, 1]], "max": 4}', range(5), "lloyd-max"),
        (b'{"matrix": [[1, 3], [3, 1]]}', OMEGA, "published"),
    ],
)
def test_didder_matrices(data: bytes, level_set: range, scale: str) -> None:
    kernel = read_kernel(data, name="mine.json")
    assert kernel.levels.tolist() == [json.loads(data)["matrix"]]
    assert (kernel.level_set, kernel.scale.name, kernel.name) == (tuple(level_set), scale, "mine")


def test_the_max_of_a_didder_matrix_counts() -> None:
    of_4, of_16 = (
        read_kernel(b'{"matrix": [[1, 3], [3, 1]], "max": %d}' % most, name="k.json")
        for most in (4, 16)
    )
    assert of_4 != of_16
    np.testing.assert_allclose(of_16.thresholds[0, 0], lloyd_max(16)[[1, 3]])


@pytest.mark.parametrize(
    "data", [b"[[0, 2], [3, 1]]", b" [ [0,2],\n [3,1] ] ", b"[[[0, 2], [3, 1]]]"]
)
def test_bare_lists(data: bytes) -> None:
    assert str(read_kernel(data, name="k.json")) == "0 2;3 1"


def test_csv_of_spreadsheets() -> None:
    data = "\ufeff1, 1\r\n0,3\r\n,,\r\n\r\n7,7\r\n9,5\r\n\r\n".encode()
    assert read_kernel(data, name="k.csv") == PUBLISHED["2x2-complement-v1"]
    assert write_kernel(PUBLISHED["2x2-complement-v1"], "csv") == b"1,1\n0,3\n\n7,7\n9,5\n"


TABLES = {
    "semicolons": "1;1\n3;3\n",
    "tabs": "1\t1\r\n3\t3",
    "spaces": "  1   1\n3 3 \n",
    "trailing commas": "1,1,\n3,3,,\n",
    "trailing semicolons": "1;1;\n3;3;",
    "MATLAB's rows": "1 1;\n3 3;\n",
    "quotes": '"1","1"\n"3","3"\n',
    "a separator line": "sep=;\n1;1\n3;3\n",
    "comments": "# rows of a kernel\n1 1\n# the second, a name\n3 3 # here\n",
    "decimals": "1.0,1\n3.0,3\n",
    "decimal commas": "1,0;1,0\n3,0;3,0\n",
    "decimal commas by tabs": "1,0\t1,0\n3,0\t3,0\n",
    "decimal commas in quotes": '"1,0","1,0"\n"3,0","3,0"\n',
    "rows in quotes": '"1,1"\n"3,3"\n',
    "MATLAB's comments": "% rows of a kernel\n1 1\n3 3\n",
    "old line ends": "1,1\r3,3\r",
}


@pytest.mark.parametrize("title", TABLES)
def test_tables_of_every_dialect(title: str) -> None:
    text = TABLES[title]
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        assert read_kernel(data, name="k.csv") == PUBLISHED["2x2-v2"]
    assert read_kernel(text.encode(), name="k.txt") == PUBLISHED["2x2-v2"]
    assert read_kernel(text.encode(), name="k.TSV") == PUBLISHED["2x2-v2"]


def test_numbers_of_tables() -> None:
    halves = read_kernel("0,5;−0,25\n1,75;2\n".encode(), name="k.csv")
    assert halves.thresholds.tolist() == [[[0.5, -0.25], [1.75, 2.0]]]
    minus = read_kernel("−1 1\n3 −3\n".encode(), name="k.csv")
    assert minus.levels.tolist() == [[[-1, 1], [3, -3]]]
    slices = read_kernel(b"1;1\n0;3\n;;\n\n7;7\n9;5\n", name="k.csv")
    assert slices == PUBLISHED["2x2-complement-v1"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"1,234.5;1\n", "line 1 is '1,234.5;1'; expected numbers separated by semicolons"),
        (b"1,234,5;1\n", "line 1 is"),
        (b"1 1\n0,5 0,5\n", "line 1 is '1 1'; expected numbers separated by commas"),
        (b"1,,3\n", "line 1 is '1,,3'"),
        (b",1\n", "line 1 is ',1'"),
        (b"50%,1\n3,3\n", "line 1 is '50%,1'"),
        (b"a,b\n1,1\n", "line 1 is 'a,b'"),
    ],
)
def test_tables_that_could_mean_two_things_are_refused(data: bytes, line: str) -> None:
    with pytest.raises(KernelFileError, match=re.escape(line)):
        read_kernel(data, name="k.csv")


# Its declarations are those of the file that ImageMagick comes with; the maps are not.
IMAGEMAGICK = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE thresholds [
<!ELEMENT thresholds (threshold)+>
<!ELEMENT threshold (description , levels)>
<!ELEMENT description (CDATA)>
<!ELEMENT levels (CDATA)>
<!ATTLIST threshold map ID #REQUIRED>
<!ATTLIST levels width CDATA #REQUIRED>
<!ATTLIST levels height CDATA #REQUIRED>
<!ATTLIST levels divisor CDATA #REQUIRED>
]>
<!-- several maps, \xe9 -->
<thresholds>
  <threshold map="threshold" alias="1x1">
    <description>One \xe9</description><levels width="1" height="1" divisor="2">1</levels>
  </threshold>
  <threshold map="mine" alias="2x2">
    <!-- from here --><description>Mine</description>
    <levels width="2" height="2" divisor="5">
       1  3
       4  2
    </levels>
  </threshold>
  <threshold map="broad"><description/><levels width="3" height="1" divisor="4">1 2 3</levels>
  </threshold>
</thresholds>
"""


def test_a_map_is_chosen_from_the_file_that_imagemagick_comes_with(tmp_path: Path) -> None:
    names = ("threshold", "mine", "broad")
    assert kernel_parts(IMAGEMAGICK, name="thresholds.xml") == names
    with pytest.raises(KernelFileError, match=r"3 threshold maps; choose one, .* threshold, mine,"):
        read_kernel(IMAGEMAGICK, name="thresholds.xml")
    with pytest.raises(KernelFileError, match="no threshold map 'o2x2', but threshold, mine, b"):
        read_kernel(IMAGEMAGICK, name="thresholds.xml", part="o2x2")
    for part in ("mine", "2x2"):
        kernel = read_kernel(IMAGEMAGICK, name="thresholds.xml", part=part)
        assert (str(kernel), kernel.name) == ("1 3;4 2", "mine")
    path = tmp_path / "thresholds.xml"
    path.write_bytes(IMAGEMAGICK)
    assert str(open_kernel(f"{path}#broad")) == "1 2 3"
    assert open_kernel(f"{path}#mine@quantile").scale.name == "quantile"
    with pytest.raises(ValueError, match="3 threshold maps"):
        open_kernel(str(path))


def test_one_map_needs_no_choice() -> None:
    start, end = IMAGEMAGICK.split(b"<thresholds>")
    one = start + b"<thresholds><threshold" + end.split(b"<threshold")[2] + b"</thresholds>"
    assert kernel_parts(one, name="k.xml") == ()
    assert str(read_kernel(one, name="k.xml")) == "1 3;4 2"


@pytest.mark.parametrize("name", ["arr_0", "kernel", "threshold", "T"])
def test_the_only_array_needs_no_name(name: str) -> None:
    levels = np.array([[1, 1], [3, 3]])
    for data, file in ((npz(**{name: npy(levels)}), "k.npz"), (mat(**{name: levels}), "k.mat")):
        assert read_kernel(data, name=file) == PUBLISHED["2x2-v2"]
        assert kernel_parts(data, name=file) == ()


def test_arrays_and_variables_are_chosen() -> None:
    wanted, other = np.array([[1, 1], [3, 3]]), np.eye(3)
    for name, pack in (
        ("k.npz", lambda **a: npz(**{k: npy(v) for k, v in a.items()})),
        ("k.mat", mat),
    ):
        data = pack(first=other, second=wanted)
        assert kernel_parts(data, name=name) == ("first", "second")
        with pytest.raises(
            KernelFileError, match=r"2 (array|variable)s; choose one.* first, second"
        ):
            read_kernel(data, name=name)
        assert read_kernel(data, name=name, part="second") == PUBLISHED["2x2-v2"]
        for usual in ("kernel", "threshold"):
            data = pack(first=other, **{usual: wanted})
            assert kernel_parts(data, name=name) == ()
            assert read_kernel(data, name=name) == PUBLISHED["2x2-v2"]
    words = mat(note="words", options={"a": 1}, threshold=wanted)
    assert read_kernel(words, name="k.mat") == PUBLISHED["2x2-v2"]


def test_formats_without_parts_have_none() -> None:
    assert kernel_parts(b"1,1", name="k.csv") == ()
    with pytest.raises(KernelFileError, match=r"should end in one of .*\.txt"):
        kernel_parts(b"1,1", name="k.png")


def test_our_threshold_maps_are_as_imagemagick_wants_them() -> None:
    odd = 'a <"b"> & c\x00\x1b\ufffe'
    root = ElementTree.fromstring(write_kernel(PUBLISHED["2x2-v1"].renamed(odd), "xml"))
    levels = root.find("threshold/levels")
    assert root.tag == "thresholds"
    assert root.find("threshold").get("map") == 'a <"b"> & c\\x00\\x1b\\ufffe'
    assert levels.attrib == {"width": "2", "height": "2", "divisor": "10"}
    assert levels.text.split() == ["1", "1", "0", "3"]


# Hostile bytes.

BOMB_BYTES = 2**27
DOCTYPES = {
    "laughs": b'<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    b'<thresholds><threshold map="&b;"/></thresholds>',
    "external entity": b'<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b'<threshold map="m"><levels width="1" height="1">&a;</levels></threshold>',
    "external subset": b'<!DOCTYPE t SYSTEM "http://localhost/t.dtd"><threshold/>',
    "default of an attribute": b'<!DOCTYPE t [<!ATTLIST a b CDATA "%s">]><t>%s</t>'
    % (b"x" * 10**6, b"<a/>" * 10**5),
    "parameter entity": b'<!DOCTYPE t [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><t/>',
}
XML = '<threshold map="m"><levels width="{}" height="{}" divisor="9">{}</levels></threshold>'


def with_mat_type(code: int) -> bytes:
    """A MAT file whose values claim another type; SciPy's reader crashes on some."""
    data = mat(kernel=np.array([[0.0, 1.0], [1.0, 3.0]]))
    return data.replace(struct.pack("<II", 9, 32), struct.pack("<II", code, 32))


def mat_bomb() -> bytes:
    """A small file whose kernel has 128 MiB of values."""
    inner = mat(kernel=np.zeros((64, 64, 64)))[128:]
    values = struct.pack("<II", 9, 64**3 * 8)
    grown = inner[8:].replace(values, struct.pack("<II", 9, BOMB_BYTES))
    packer = zlib.compressobj(9)
    deflated = packer.compress(struct.pack("<II", 14, BOMB_BYTES) + grown)
    deflated += packer.compress(bytes(BOMB_BYTES)) + packer.flush()
    header = mat(kernel=0)[:128]
    return header + struct.pack("<II", 15, len(deflated)) + deflated


HOSTILE = [
    ("k.json", b"", "is empty"),
    ("k.json", b" " * (MAX_FILE_BYTES + 1), "more than 4 MiB; a kernel is a small table"),
    ("k.json", b"\xff\xfe\x00", "damaged, or no JSON"),
    ("k.json", b"[" * 100_000, "damaged, or no JSON"),
    ("k.json", b'"words"', "a list of rows, or an object with 'levels' or 'matrix'"),
    ("k.json", b'{"matrix": [[1, 3]], "max": 2}', "'max' is a whole number from 3"),
    ("k.json", b'{"matrix": [[1, 3]], "max": 1e9}', "'max' is a whole number from 3"),
    ("k.json", b'{"matrix": [[1, 3]], "max": 99999999}', "to 4096; it is 99999999"),
    ("k.json", b'{"matrix": [[1, 3]], "max": "16"}', "'max' is a whole number"),
    ("k.json", b"{}", "described by 'levels'"),
    ("k.json", b'{"levels": [[1, 1], [3]]}', "rows of equal length"),
    ("k.json", b'{"levels": [[1e999]]}', "NaN or infinity"),
    ("k.json", b'{"levels": [[NaN]]}', "NaN or infinity"),
    ("k.json", b'{"levels": [["1"]]}', "table of numbers"),
    ("k.json", b'{"levels": []}', "rows and columns"),
    ("k.json", b'{"levels": [[1]], "level_set": [Infinity]}', "level set"),
    ("k.json", b'{"levels": [[1]], "scale": {"strength": 1e999}}', "finite numbers"),
    ("k.json", b'{"levels": [[%s]]}' % (b"9" * 5000), "damaged, or no JSON"),
    ("k.json", b'{"matrix": "words", "max": 4}', "table of numbers"),
    ("k.json", b'{"matrix": [[%s]], "max": 4}' % (b"1," * 64 + b"1"), "at most 64"),
    ("k.json", b'{"%s": 1}' % (b"x" * 10**6), "described by 'levels'"),
    ("k.npy", b"\x93NUMPY", "damaged, or no NPY file"),
    ("k.npy", npy_header("(2, 2)", version=3), "damaged, or no NPY file of version 1 or 2"),
    ("k.npy", npy_header("(2, 2)"), "ends before its last entry"),
    ("k.npy", npy_header("(1000000000, 1000000000)"), "rows and columns from 1 to 64"),
    ("k.npy", npy_header("(0, 2)"), "rows and columns from 1 to 64"),
    ("k.npy", npy_header("(-1, 2)"), "rows and columns from 1 to 64"),
    ("k.npy", npy_header("(4,)"), "expected .slices, rows, columns. or .rows, columns."),
    ("k.npy", npy_header("(2, 2)", "'|O'"), "of type object; expected numbers"),
    ("k.npy", npy_header("(2, 2)", "'<c16'"), "of type complex128; expected numbers"),
    ("k.npy", npy_header("(2, 2)", "'<U99999999'"), "expected numbers"),
    ("k.npy", npy_header("(2, 2)", "[('a', '<i8', (99999999,))]"), "expected numbers"),
    ("k.npy", npy_header("(" * 5000), "damaged, or no NPY file"),
    ("k.npy", npy_header("(2, 2)", version=2)[:10] + b"\xff\xff\xff\x7f", "damaged, or no NPY"),
    ("k.npy", npy(np.array([[{}]]), allow_pickle=True), "of type object"),
    ("k.npy", pickle.dumps([[1]]), "damaged, or no NPY file"),
    ("k.npy", npy(np.array([[np.nan]])), "NaN or infinity"),
    ("k.npy", npy(np.array([[2**40]])), "at most 2147483648"),
    ("k.npz", b"PK\x05\x06", "damaged, or no zip archive"),
    ("k.npz", npz(), "it has no array"),
    ("k.npz", npz(kernel=b"words"), "damaged, or no NPY file"),
    ("k.npz", npz(kernel=npy(np.ones((2, 2))), compression=zipfile.ZIP_BZIP2), "NumPy does not"),
    ("k.npz", npz(kernel=bytes(BOMB_BYTES)), "unpacks to more than 524,288 entries"),
    ("k.mat", b"MATLAB 5.0 MAT-file".ljust(128), "no MAT file of level 5"),
    ("k.mat", b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM", "'-v7'"),
    ("k.mat", mat(kernel=np.ones((2, 2)))[:140], "its variable is damaged|no variable"),
    ("k.mat", mat(kernel=np.ones((2, 2)))[:-8], "another size than it declares"),
    ("k.mat", mat(kernel=np.ones((2, 2)), do_compression=True)[:-9], "damaged|another size"),
    ("k.mat", mat(kernel="words"), "its variable is text"),
    ("k.mat", mat(kernel={"a": 1}), "its variable is a structure"),
    ("k.mat", mat(kernel=np.array([[{}]], dtype=object)), "its variable is a cell array"),
    ("k.mat", mat(kernel=np.array([[1j]])), "complex"),
    ("k.mat", mat(kernel=np.ones((65, 2))), "65×2; a kernel has rows, columns"),
    ("k.mat", mat(kernel=np.ones((2, 0))), "2×0; a kernel"),
    ("k.mat", mat(kernel=np.ones((2, 2, 2, 2))), "2×2×2×2; a kernel"),
    ("k.mat", mat(kernel=np.array([[np.inf]])), "NaN or infinity"),
    *[("k.mat", with_mat_type(code), "type") for code in (0, 19, 20, 25, 1000, 100_000)],
    ("k.mat", mat_bomb(), "another size than it declares"),
    ("k.mat", mat(kernel=0)[:128] + struct.pack("<II", 1, 0) * 2000, "more than 1000 variables"),
    ("k.csv", b"\xff\xfe1", "damaged, or no text in UTF-8"),
    ("k.csv", b"1,1\n3\n", "rows of equal length"),
    ("k.csv", b"1,1\n3,x\n", "line 2 is '3,x'; expected numbers separated by commas"),
    ("k.csv", b"\n\n,\n", "rows and columns"),
    ("k.csv", b"1,nan\n", "NaN or infinity"),
    ("k.csv", b"1," * 10**6, "line 1 has more than 64 entries"),
    ("k.csv", b"1\n" * 10**6, "1000000 lines, too many"),
    ("k.csv", b"1\n" * 65, "at most 64"),
    *[("k.xml", data, "it declares|in another file") for data in DOCTYPES.values()],
    ("k.xml", b"words", "damaged, or no XML"),
    ("k.xml", b"<thresholds>", "damaged, or no XML"),
    ("k.xml", b"<?xml version='1.0' encoding='none'?><a/>", "damaged, or no XML"),
    ("k.xml", b"<thresholds/>", "has no threshold map"),
    ("k.xml", b"<a><threshold map='x'/><threshold map='y'/></a>", "2 threshold maps.* x, y"),
    ("k.xml", b"<threshold/>", "has no <levels>"),
    ("k.xml", b"<a>" * 10**5, "nested deeper than 8"),
    ("k.xml", XML.format(2, 2, "1 1 3").encode(), "is 2×2 but holds 3 integers"),
    ("k.xml", XML.format(-1, -2, "1 1").encode(), "is -1×-2 but holds 2"),
    ("k.xml", XML.format("two", 2, "1 1").encode(), "a width, a height and integers"),
    ("k.xml", XML.format(1, 1, "0.5").encode(), "a width, a height and integers"),
    ("k.xml", XML.format(65, 1, "1 " * 65).encode(), "at most 64"),
]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [pytest.param(*case, id=f"{n}-{case[0]}") for n, case in enumerate(HOSTILE)],
)
def test_what_is_no_kernel_is_refused_in_one_sentence(name: str, data: bytes, message: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(KernelFileError, match=message) as caught:
            read_kernel(data, name=name)
        allocated = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith("'k.")
    assert len(str(caught.value)) < 400
    assert allocated < 100 * 2**20


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("written_as", FORMATS)
def test_a_wrong_suffix_is_noticed(form: str, written_as: str) -> None:
    data = write_kernel(PUBLISHED["2x2-v1"], written_as)
    if form != written_as:
        with pytest.raises(KernelFileError):
            read_kernel(data, name=f"k.{form}")


def test_a_variable_not_asked_for_may_be_huge() -> None:
    data = mat(image=np.zeros((2000, 2000)), kernel=np.ones((2, 2)), do_compression=True)
    assert read_kernel(data, name="k.mat").levels.tolist() == [[[1, 1], [1, 1]]]


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_kernel_or_the_one_error(form: str, data: bytes) -> None:
    with contextlib.suppress(KernelFileError):
        assert isinstance(read_kernel(data, name=f"k.{form}"), ThresholdKernel)


@pytest.mark.parametrize("form", FORMATS)
@given(
    name=st.sampled_from(one_slice),
    places=st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), min_size=1, max_size=6),
    end=st.integers(0, 10**4),
)
def test_spoilt_files_give_a_kernel_or_the_one_error(
    form: str, name: str, places: list[tuple[int, int]], end: int
) -> None:
    data = bytearray(write_kernel(PUBLISHED[name], form))
    for place, value in places:
        data[place % len(data)] = value
    if end % 4 == 0:
        del data[end % len(data) :]
    with contextlib.suppress(KernelFileError):
        assert isinstance(read_kernel(bytes(data), name=f"k.{form}"), ThresholdKernel)


def test_json_is_what_the_kernel_says_of_itself() -> None:
    kernel = PUBLISHED["2x2-v2"]
    assert json.loads(write_kernel(kernel, "json")) == kernel.to_dict()
