"""What the tests of the app share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once() -> Iterator[None]:
    """Each `AppTest` reads the metadata of every package, hundreds of files, where a server does
    so once.
    """
    with pytest.MonkeyPatch.context() as patch:
        looked_for = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", looked_for)
        yield
