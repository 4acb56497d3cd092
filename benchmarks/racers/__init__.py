"""The programs of a race. Their first turn begins before they import anything, so that it pays for their start."""
