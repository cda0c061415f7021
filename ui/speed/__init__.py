"""The parts of the page Speed and size."""
