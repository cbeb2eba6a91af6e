"""What recurs on a site's pages, and the rules that would remove it: counted, proposed, written as TOML."""

from __future__ import annotations

from cleaner.workbench.suggest.counts import MEDIA, Medium, Sighting, SitePass
from cleaner.workbench.suggest.draft import Draft, append, draft, evidence
from cleaner.workbench.suggest.look import Surveyor
from cleaner.workbench.suggest.proposals import ENOUGH, PRECISION, Proposal, propose

__all__ = [
    "ENOUGH",
    "MEDIA",
    "PRECISION",
    "Draft",
    "Medium",
    "Proposal",
    "Sighting",
    "SitePass",
    "Surveyor",
    "append",
    "draft",
    "evidence",
    "propose",
]
