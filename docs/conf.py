"""The documentation site: MyST pages, the pages that are written from the code, and the API from docstrings."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from pipeline.runtime import start_tensorflow  # noqa: E402 — found by the line before

start_tensorflow()  # without what it says of the machine

project = "VAE pipeline"
copyright = "the authors of the VAE pipeline"
release = version = version_of("vae-pipeline")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "site_pages", "mathml"]
exclude_patterns = ["_ext", "_static"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

smartquotes_action = "De"  # dashes and ellipses; quotes stay as they are typed
add_module_names = False
toc_object_entries = False
default_role = "literal"  # docstrings write code between single backticks
autodoc_inherit_docstrings = False  # those of Keras are not for us to show
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
# Types in signatures are shown, whether this site describes them or not; links and roles that people write are checked.
nitpick_ignore_regex = [("py:.*", ".*")]

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "VAE pipeline"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["messages.js"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
copybutton_exclude = ".linenos, .gp, .c1"
