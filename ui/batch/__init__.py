"""The Batch page: its address."""
