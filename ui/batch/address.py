"""The address of Batch: feature maps, kernel, and which embedded samples."""

from __future__ import annotations

from design_core.pictures.samples import GROUPS
from ui.batch import keys
from ui.links.fields import Address, several
from ui.rail.fields import KERNEL_FIELDS, PICTURE_FIELDS

__all__ = ["BATCH"]

BATCH = Address(
    "batch",
    (*PICTURE_FIELDS[1:], *KERNEL_FIELDS),
    (several(keys.SAMPLES, GROUPS, (), name="samples"),),
)
