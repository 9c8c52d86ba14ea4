"""The site: `pip install '.[docs]'`, then `sphinx-build -W -b html docs docs/_build`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import rivervalley  # noqa: E402 - from the repository that is documented

project = "rivervalley"
author = "The rivervalley authors"
copyright = "the rivervalley authors"
release = rivervalley.__version__

extensions = [
    "generated_pages",  # first: it writes what the others read
    "offline_math",
    "live_claims",
    "checked_links",
    "plain_docstrings",
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_ext", "_generated/gallery_source"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# The gallery shows the scripts of sims/ with the figures and captions of figures/: nothing is drawn again.
sphinx_gallery_conf = {
    "examples_dirs": ["_generated/gallery_source"],
    "gallery_dirs": ["_generated/gallery"],
    "plot_gallery": "False",
    "filename_pattern": r"^$",
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "rivervalley"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["claims.css"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "use_edit_page_button": False,
}
html_context = {"default_mode": "auto"}
html_math_renderer = "mathml"
nitpicky = False
