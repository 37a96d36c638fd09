"""Sphinx settings: Markdown pages, and an API reference made from the docstrings."""

from __future__ import annotations

import importlib.metadata
import inspect

import pictory_async

project = "pictory-async"
author = "pictory-async contributors"
project_copyright = "2026, pictory-async contributors"
release = version = importlib.metadata.version("pictory-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True
nitpick_ignore_regex = [
    # Documented elsewhere; the build reaches no other site.
    (r"py:.*", r"(anyio|attrs?|cattrs|click|collections|datetime|httpx2?|os|pathlib|pytest|ssl|starlette|trio)(\..*)?"),
]

default_role = "py:obj"
add_module_names = False
python_use_unqualified_type_names = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"pictory-async {release}"

# The public names live in private modules: show and link them by the names that users import.
for _name in pictory_async.__all__:
    _object = getattr(pictory_async, _name)
    if inspect.isclass(_object) or inspect.isfunction(_object):
        _object.__module__ = "pictory_async"
