"""Threshold kernels: the type, the published ones, patterns, files and text forms."""
