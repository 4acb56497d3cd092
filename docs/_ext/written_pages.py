"""The Sphinx extension that writes the generated pages before Sphinx looks for pages."""

from pathlib import Path

import configuration_pages
import error_page
from sphinx.application import Sphinx

WRITTEN = ("configuration", "errors.md")
"""What is written anew by each build, below `docs/`."""


def write(app: Sphinx) -> None:
    """Write the pages, and leave alone what has not changed, so that Sphinx does not read it anew."""
    docs = Path(app.srcdir)
    written = {docs / "configuration" / f"{name}.md": text for name, text in configuration_pages.pages().items()}
    for old in set((docs / "configuration").glob("*.md")) - set(written):
        old.unlink()
    for path, text in (written | {docs / "errors.md": error_page.page()}).items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect it."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
