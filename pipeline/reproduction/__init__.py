"""A run trained once more from its record alone, and what came out otherwise, if anything did."""
