"""Rules: data that says what on a page is noise, body and metadata. `docs/RULES.md` is for those who write them.

`language` turns a file into checked types (`expressions`: its selectors and patterns; `places`: the lines of its keys),
`book` finds the files that hold for a page, `matching` finds what they hit on it. Nothing is removed here.
"""

from cleaner.rules.book import RuleBook, RuleSet, RuleSource, shipped_root
from cleaner.rules.language import (
    FIELDS,
    FOLDERS,
    LIST_FIELDS,
    Action,
    Rule,
    RuleFile,
    RuleTest,
    Tier,
    Written,
    load_file,
    parse,
)
from cleaner.rules.matching import Mark, Region

__all__ = [
    "FIELDS",
    "FOLDERS",
    "LIST_FIELDS",
    "Action",
    "Mark",
    "Region",
    "Rule",
    "RuleBook",
    "RuleFile",
    "RuleSet",
    "RuleSource",
    "RuleTest",
    "Tier",
    "Written",
    "load_file",
    "parse",
    "shipped_root",
]
