"""The kernel editor: cells to click, paint and type into."""

from ui.design.kernel_editor.component import Edit, kernel_editor

__all__ = ["Edit", "kernel_editor"]
