"""Is the new skill better? Success rates, paired comparisons, and how sure one can be. Pure."""
