"""A kernel as Python code that makes it again."""

from __future__ import annotations

from design_core.kernels.kernel import OMEGA, ThresholdKernel
from design_core.scaling import Scale

__all__ = ["python_code"]


def python_code(kernel: ThresholdKernel) -> str:
    """A snippet that runs as it stands: the kernel, and the bits it makes of random maps.

    Parameters
    ----------
    kernel
        Any kernel; all of it is written, with every digit of its thresholds.

    Returns
    -------
    Code that leaves the kernel in the variable ``kernel``.

    Examples
    --------
    >>> print(python_code(ThresholdKernel([[1, 1], [3, 3]], name="mine")))
    import numpy as np
    <BLANKLINE>
    from design_core import ThresholdKernel, binarize
    <BLANKLINE>
    kernel = ThresholdKernel(
        [
            [[1, 1], [3, 3]],
        ],
        name='mine',
    )
    <BLANKLINE>
    x = np.random.default_rng(0).standard_normal((1, 32, 32), dtype=np.float32)
    bits = binarize(x, kernel)  # True (+1) where x ≥ T
    <BLANKLINE>
    # In a network, as a layer with a surrogate gradient:
    # from design_core import DeSign
    # activation = DeSign(kernel)
    <BLANKLINE>
    """
    with_scale = kernel.scale != Scale()
    names = (
        ["Scale", "ThresholdKernel", "binarize"] if with_scale else ["ThresholdKernel", "binarize"]
    )
    slices = "".join(f"        {rows},\n" for rows in kernel.levels.tolist())
    options = ""
    if kernel.level_set != OMEGA:
        options += f"    level_set={kernel.level_set},\n"
    if with_scale:
        options += f"    scale={_scale_code(kernel.scale)},\n"
    if kernel.name:
        options += f"    name={kernel.name!r},\n"
    return (
        "import numpy as np\n\n"
        f"from design_core import {', '.join(names)}\n\n"
        f"kernel = ThresholdKernel(\n    [\n{slices}    ],\n{options})\n\n"
        "x = np.random.default_rng(0).standard_normal"
        f"(({kernel.shape[0]}, 32, 32), dtype=np.float32)\n"
        "bits = binarize(x, kernel)  # True (+1) where x ≥ T\n\n"
        "# In a network, as a layer with a surrogate gradient:\n"
        "# from design_core import DeSign\n"
        "# activation = DeSign(kernel)\n"
    )


def _scale_code(scale: Scale) -> str:
    options = "".join(
        f", {name}={value!r}"
        for name, value, default in (
            ("strength", scale.strength, 1.0),
            ("offset", scale.offset, 0.0),
            ("values", scale.values, None),
        )
        if value != default
    )
    return f"Scale({scale.name!r}{options})"
