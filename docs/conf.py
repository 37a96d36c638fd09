"""Sphinx settings: Markdown pages, and an API reference made from the docstrings."""

from __future__ import annotations

import importlib.metadata
import inspect
from typing import TYPE_CHECKING, Any

from sphinx.util import inspect as sphinx_inspect
from sphinx.util.nodes import make_refnode

import pictory_async
import pictory_async.insight

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "pictory-async"
author = "pictory-async contributors"
project_copyright = "2026, pictory-async contributors"
release = version = importlib.metadata.version("pictory-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["_build", "examples"]
nitpicky = True
nitpick_ignore_regex = [
    # Documented elsewhere; the build reaches no other site.
    (
        r"py:.*",
        r"(anyio|asyncio|attrs?|builtins|cattrs|click|collections|datetime|httpx2?|opentelemetry|os|pathlib|pytest|ssl|starlette|trio)(\..*)?",
    ),
    (r"py:class", r"pictory_async\._polling\.outcome\.ResultT|pictory_async\._api\.connections\.C|M"),  # type variables
    (r"py:class", r"Unchanged"),  # an argument that is not given
    (r"py:class", r"(trace\.TracerProvider|metrics\.MeterProvider)"),  # OpenTelemetry's
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
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_favicon = "_static/favicon.svg"
copybutton_prompt_text = "$ "  # what is copied from a terminal is the command
html_copy_source = False

# The public names live in private modules: show and link them by the names that users import.
for _name in sorted({*pictory_async.__all__} - {*pictory_async.insight.__all__}):
    _object = getattr(pictory_async, _name)
    if inspect.isclass(_object) or inspect.isfunction(_object):
        _object.__module__ = "pictory_async"

# Names shown without a link: aliases and type variables that the text around them explains, and inner parts.
PLAIN = {
    "AbstractAsyncContextManager",
    *("After", "AfterEach", "Duration", "Faults", "FileKind", "Latency", "OnConflict", "Origin", "Path", "ProjectId"),
    *("ABSENT", "Event", "Fields", "Media", "Starlette", "T", "T_co", "View", "Wanted"),
}


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: Element) -> Element | None:
    """Link a name that is written without its module, as names in docstrings and annotations are."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py" or env.docname is None:
        return None
    if target.rpartition(".")[2] in PLAIN:
        return contnode
    domain = env.domains.python_domain
    found = {entry[1].node_id: entry for entry in domain.find_obj(env, "", "", target, None, 1)}
    if len(found) != 1:
        return None
    ((_, entry),) = found.values()
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode)


# napoleon takes what stands before a colon in a property's docstring, or under "Returns:", for a type. Here types
# are in annotations and docstrings are sentences, so those colons are kept from it.
_COLON = "\ue000"


def hide_colons(_app: Sphinx, what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Keep colons of sentences from napoleon."""
    returns = False
    for number, line in enumerate(lines):
        if line and not line[0].isspace():
            returns = line == "Returns:"
        if what == "property" or (returns and line != "Returns:"):
            lines[number] = line.replace(":", _COLON)


def show_colons(_app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Put the colons back."""
    lines[:] = [line.replace(_COLON, ":") for line in lines]


def sign(
    _app: Sphinx, what: str, _name: str, shown: Any, _options: object, signature: str | None, result: str | None
) -> tuple[str, str | None] | None:
    """Show what a class is made with if its ``__new__`` takes anything; nothing for a protocol, which is not made."""
    if what != "class" or not (signature or "").startswith("(*args"):
        return None
    if getattr(shown, "_is_protocol", False):
        return "", result
    made = sphinx_inspect.signature(shown.__init__, bound_method=True)
    return sphinx_inspect.stringify_signature(made, unqualified_typehints=True, show_return_annotation=False), result


def setup(app: Sphinx) -> None:
    """Connect the functions above; napoleon's own priority is 500."""
    app.connect("autodoc-process-signature", sign)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-docstring", hide_colons, priority=499)
    app.connect("autodoc-process-docstring", show_colons, priority=501)
