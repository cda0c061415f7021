"""The Explore page: its address."""
