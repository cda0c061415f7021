"""Keys of the session that the rail sets and others read, or that stand in its links."""

from __future__ import annotations

KERNEL_WAY = "kernel_way"
LONGEST = "longest"
MAPS = "maps"
OWN_KERNEL = "own_kernel"
PATTERN = "pattern"
PICTURE = "picture"
PICTURE_CODE = "picture_code"
PICTURE_WANTED = "picture_wanted"
PICTURE_WAY = "picture_way"
PUBLISHED = "published"
SAMPLE = "sample"
SCALING = "scaling"
SEED = "seed"
SOURCE = "source"
UPLOADED = "uploaded"
