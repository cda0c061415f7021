"""Training: recipes, data in memory, one loop that resumes exactly, several processes."""
