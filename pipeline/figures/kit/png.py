"""A figure as the content of an image file."""

import io

from matplotlib.figure import Figure


def png(figure: Figure) -> bytes:
    """The figure as PNG, of as many pixels as it is measured in."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=figure.dpi)
    return content.getvalue()
