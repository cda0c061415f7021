"""What plans many trainings, and what judges many trained networks by their cards."""
