"""Cards of kernels: what a kernel of a chart looks like, and what it makes of the picture."""

from ui.design.kernel_cards.component import KernelCard, kernel_cards

__all__ = ["KernelCard", "kernel_cards"]
