"""The wheel in an empty environment, run from an empty folder: library, command, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from design_core import SAMPLES, __version__
from design_core.paths import CHECKPOINTS, ROOT
from tests.install.environments import Environment, install

pytestmark = pytest.mark.install

SIGN = "digits-tiny-w16-sign-affine_on"


@pytest.fixture(scope="module")
def library(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The library alone, without extras."""
    return install(wheel, tmp_path_factory.mktemp("library"))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return tmp_path


def told(environment: Environment, *command: str, cwd: Path, **variables: str) -> str:
    done = environment.run(*command, cwd=cwd, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(environment: Environment, *command: str, cwd: Path) -> str:
    """What the command line says when it cannot: one line, no traceback."""
    done = environment.run("design", *command, cwd=cwd)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_the_wheel_is_what_is_imported(library: Environment, empty: Path) -> None:
    code = "import design_core; print(design_core.__version__, design_core.__file__)"
    version, file = told(library, "python", "-c", code, cwd=empty).split()
    assert version == __version__
    assert Path(file).is_relative_to(library.folder)
    assert told(library, "design", "--version", cwd=empty) == f"design {__version__}\n"
    assert "usage: design" in told(library, "python", "-m", "design_core", "-h", cwd=empty)


def test_types_travel_along(library: Environment, empty: Path) -> None:
    code = (
        "from importlib.resources import files; print((files('design_core')/'py.typed').is_file())"
    )
    assert told(library, "python", "-c", code, cwd=empty) == "True\n"


def test_the_library_needs_neither_torch_nor_the_app(library: Environment, empty: Path) -> None:
    for module in ("torch", "streamlit", "numba", "pandas"):
        assert library.run("python", "-c", f"import {module}", cwd=empty).returncode == 1


def test_every_sample_is_read(library: Environment, empty: Path) -> None:
    code = (
        "from design_core import SAMPLES, sample;"
        "print(sum(sample(name).luminance().size > 0 for name in SAMPLES))"
    )
    assert told(library, "python", "-c", code, cwd=empty) == f"{len(SAMPLES)}\n"


def test_recipes_and_measured_figures_are_there(library: Environment, empty: Path) -> None:
    code = (
        "from importlib.resources import files; root = files('design_core');"
        "print(*sorted(p.name for p in (root/'training'/'recipes').iterdir()),"
        "*sorted(p.name for p in (root/'resources'/'measured').iterdir()))"
    )
    found = told(library, "python", "-c", code, cwd=empty).split()
    own = ROOT / "design_core"
    assert found == sorted(path.name for path in (own / "training" / "recipes").iterdir()) + sorted(
        path.name for path in (own / "resources" / "measured").iterdir()
    )


def test_commands_of_numpy_run(library: Environment, empty: Path) -> None:
    assert "2x2-v2" in told(library, "design", "kernels", cwd=empty)
    table = told(library, "design", "maps", "sample:camera", "--kernel", "2x2-v2", cwd=empty)
    assert "Sign" in table
    best = told(library, "design", "search", "--size", "2", "--json", cwd=empty)
    assert json.loads(best)["evaluated"] == 1296
    told(library, "design", "batch", "sample:camera", "--out", "maps.zip", cwd=empty)
    assert (empty / "maps.zip").stat().st_size > 1000


def test_what_is_not_listed_needs_numba(library: Environment, empty: Path) -> None:
    line = refused(library, "search", "--size", "4", cwd=empty)
    assert 'numba, which is not installed: pip install "design-core[engine]"' in line


def test_maps_are_not_written_by_halves(library: Environment, empty: Path) -> None:
    line = refused(library, "maps", "sample:camera", "--out", "maps", cwd=empty)
    assert 'matplotlib, which is not installed: pip install "design-core[figures]"' in line
    assert not list(empty.iterdir())


def test_a_listing_that_is_stopped_keeps_its_best(library: Environment, empty: Path) -> None:
    code = (
        "from design_core.progress import StoppedError\n"
        "from design_core.search.constraints import Constraints\n"
        "from design_core.search.find import find_kernels\n"
        "from design_core.search.block_tables import random_convolution_tables\n"
        "def stop(*_): raise StoppedError\n"
        "limits = Constraints(density=(0.2, 0.8))\n"
        "tables = random_convolution_tables()\n"
        "found = find_kernels(tables, (3, 3), constraints=limits, progress=stop)\n"
        "print(found.stopped, found.exact, found.bound, len(found.best) > 0)\n"
    )
    assert told(library, "python", "-c", code, cwd=empty) == "True False None True\n"


def test_no_networks_is_a_sentence(library: Environment, empty: Path) -> None:
    predict = ["predict", "sample:digit-3"]
    for command in (["models"], predict, [*predict, "--model", SIGN], ["zoo", "table"]):
        line = refused(library, *command, cwd=empty)
        assert f"There are no trained networks in {empty / 'checkpoints'}" in line
        assert "DESIGN_CHECKPOINTS" in line


def test_networks_are_found_by_folder_and_by_variable(library: Environment, empty: Path) -> None:
    elsewhere = told(library, "design", "models", cwd=empty, DESIGN_CHECKPOINTS=str(CHECKPOINTS))
    assert SIGN in elsewhere
    (empty / "checkpoints").symlink_to(CHECKPOINTS)
    assert told(library, "design", "models", cwd=empty) == elsewhere


def test_networks_answer(library: Environment, empty: Path) -> None:
    command = ("design", "predict", "sample:digit-3", "--model", SIGN)
    answer = told(library, *command, cwd=empty, DESIGN_CHECKPOINTS=str(CHECKPOINTS))
    assert answer.startswith(f"{SIGN}@0: 3 ")


def test_what_needs_torch_says_so(library: Environment, empty: Path) -> None:
    line = refused(library, "train", "digits", "--data", "digits", "--out", "run", cwd=empty)
    assert 'PyTorch, which is not installed: pip install "design-core[torch]"' in line
