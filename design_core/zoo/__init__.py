"""The zoo: trained networks in packed files, a card beside each, and statistics over the seeds."""
