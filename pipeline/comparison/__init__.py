"""Finished runs compared: which, in a table, on the rate-distortion plane, by their curves and their pictures."""
