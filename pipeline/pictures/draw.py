"""What draws a picture when it is called, so that one that fails costs no other."""

from collections.abc import Callable

from pipeline.figures import Figure

Picture = Figure | str | bytes
"""A figure, a page of HTML or text, or the content of an image file."""
Draw = Callable[[], Picture]
"""Draws a picture."""
