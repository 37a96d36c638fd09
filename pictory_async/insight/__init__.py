"""Reports, comparisons, template analysis and checks.

These functions work on models: they send no requests and change nothing. Only `write_report`, `write_html_report` and
`write_wait_report` write files.
"""

from __future__ import annotations

from pictory_async.insight._check import Finding, Severity, check_template
from pictory_async.insight._compare import ProjectComparison, Setting, compare_projects
from pictory_async.insight._diff import (
    PropertyChange,
    SceneMatch,
    SceneRef,
    TemplateDiff,
    VariableChange,
    VariableChangeKind,
    compare_templates,
)
from pictory_async.insight._diff_scene import SceneChange, SceneChangeKind
from pictory_async.insight._html import project_report_html, write_html_report
from pictory_async.insight._html_batch import wait_report_html, write_wait_report
from pictory_async.insight._placeholders import Place, PlaceKind
from pictory_async.insight._report import project_report, write_report
from pictory_async.insight._structure import SceneStructure, TemplateStructure, template_structure
from pictory_async.insight._variables import TemplateVariables, template_variables
from pictory_async.models.metadata import (
    MetadataAssets,
    MetadataSceneSettings,
    MetadataSubtitles,
    ProjectMetadata,
)

__all__ = [
    "Finding",
    "MetadataAssets",
    "MetadataSceneSettings",
    "MetadataSubtitles",
    "Place",
    "PlaceKind",
    "ProjectComparison",
    "ProjectMetadata",
    "PropertyChange",
    "SceneChange",
    "SceneChangeKind",
    "SceneMatch",
    "SceneRef",
    "SceneStructure",
    "Setting",
    "Severity",
    "TemplateDiff",
    "TemplateStructure",
    "TemplateVariables",
    "VariableChange",
    "VariableChangeKind",
    "check_template",
    "compare_projects",
    "compare_templates",
    "project_report",
    "project_report_html",
    "template_structure",
    "template_variables",
    "wait_report_html",
    "write_html_report",
    "write_report",
    "write_wait_report",
]
