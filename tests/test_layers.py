"""A file imports only from its own layer or below (docs/ARCHITECTURE.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import cleaner

LAYERS = [
    {"errors", "text"},
    {"model"},
    {"segment"},
    {"rules"},
    {"judge", "describe", "compose"},
    {"storage", "pool", "state"},
    {"arrow", "joining"},
    {"pipeline"},
    {"batch", "compare", "explain", "fetch", "workbench"},
    {"census"},
    {"report", "integrations"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
PACKAGE = Path(cleaner.__file__).parent


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cleaner"):
            parts = (node.module or "").split(".")
            found.update([parts[1]] if len(parts) > 1 else [alias.name for alias in node.names])
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("cleaner."))
    return found


def test_every_part_has_a_layer() -> None:
    parts = {path.stem for path in PACKAGE.glob("*.py")} | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert parts - {"__init__", "_rules"} == set(LEVEL)


def test_imports_point_downwards() -> None:
    upward = []
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part == "__init__":
            continue
        for name in _imports(path) & set(LEVEL):
            if LEVEL[name] > LEVEL[part] or (LEVEL[name] == LEVEL[part] and name != part):
                upward.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not upward
