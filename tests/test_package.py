"""The package's front: every public name is there, and nothing heavy is loaded for it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import design_core

STUB = ast.parse(Path(design_core.__file__).with_suffix(".pyi").read_text("utf-8"))
MODULES = {
    alias.name: f"design_core.{node.module}"
    for node in STUB.body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}


@pytest.mark.parametrize(("name", "module"), MODULES.items())
def test_each_name_is_that_of_its_module(name: str, module: str) -> None:
    owner = importlib.import_module(module)
    assert name in owner.__all__
    assert getattr(design_core, name) is getattr(owner, name)


def test_the_stub_lists_what_it_imports() -> None:
    listed = next(node.value for node in STUB.body if isinstance(node, ast.Assign))
    assert sorted(MODULES) == sorted(ast.literal_eval(listed)) == sorted(design_core.__all__)


def test_no_name_hides_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(design_core.__path__)}
    assert modules.isdisjoint(MODULES)


def modules_after(code: str) -> set[str]:
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "scipy", "sklearn", "skimage", "PIL", "streamlit"}
    assert heavy.isdisjoint(modules_after("import design_core"))


def test_kernels_do_without_torch() -> None:
    assert "torch" not in modules_after("import design_core; design_core.parse_kernel('2x2-v2')")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such"):
        _ = design_core.no_such
