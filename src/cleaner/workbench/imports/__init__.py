"""Rules of other programs as rule files of ours: `ftr` (site configs of Full-Text RSS), `abp` (lists of ad blockers).

::

    lines ──ftr / abp──▶ Draft per host ──drafts──▶ TOML, on probation
                └──────▶ Report: each line translated, needless here, or not translated and why
"""

from __future__ import annotations

from cleaner.workbench.imports.abp import import_abp
from cleaner.workbench.imports.ftr import import_ftr
from cleaner.workbench.imports.report import Fate, Group, Line, Report

__all__ = ["Fate", "Group", "Line", "Report", "import_abp", "import_ftr"]
