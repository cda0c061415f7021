"""Trainings that others watch: in processes of their own, bounded, one after the other."""
