"""Pages from the web: fetched politely, kept as received, ready to be cleaned.

::

    addresses   which addresses may be fetched, in one form; what their files are called
    client      one request, within bounds
    robots      what a host's robots.txt allows
    frontier    what is to be fetched, what has been, what came of it: a file that outlives a kill
    saved       where pages go: files with sidecars, or WARC
    crawl       all of it: hosts side by side, each asked one thing at a time

What a feed, a sitemap or a section lists is found by `discover`, the next page of an article by `pages`, the page that
scripts make by `render`; `blocked` tells a wall from a page.
"""

from __future__ import annotations

from cleaner.fetch.addresses import canonical, check, host_of, name_for
from cleaner.fetch.client import Client, Limits, Response

__all__ = ["Client", "Limits", "Response", "canonical", "check", "host_of", "name_for"]
