"""The kernel editor: cells to click, paint and type into."""

from ui.kernel_editor.component import Edit, kernel_editor

__all__ = ["Edit", "kernel_editor"]
