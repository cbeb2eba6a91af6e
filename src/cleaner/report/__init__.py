"""Reports as one HTML file that needs nothing else: to read, to filter, to send to somebody.

Two of them: what rules did to each page (`diff`), and what a corpus is after cleaning (`corpus`). Each is a body, a
style sheet, a script and the data that the script shows; `frame` puts them together with what both share.
"""

from __future__ import annotations

from cleaner.report.corpus import check_target, write_corpus
from cleaner.report.diff import DiffReport

__all__ = ["DiffReport", "check_target", "write_corpus"]
