"""How near `cleaner fetch` comes to the bound that politeness sets, over many hosts on loopback.

::

    python bench/fetch.py                             50 hosts, 20 pages each, 1 s between requests
    python bench/fetch.py --delay 0 --latency 0.05    without a pause: what the fetcher itself can do

The bound: each host is asked for its robots.txt and its pages, one after another, with the pause (and the time that the
server takes) in between; hosts wait side by side. What is printed is seconds and pages a second of whole runs, start
and end included, beside the bound, and the shortest pause that a server saw.

Linux only: hosts are 127.0.1.1 and on, which other systems do not answer to. They are served by a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from options import positive

__all__ = ["main"]

_WORDS: Final = b"<p>" + b"The ferry was late again and nobody on the pier minded. " * 400


def main(argv: list[str] | None = None) -> int:
    """Run the command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=positive, default=50)
    parser.add_argument("--pages", type=positive, default=20, help="of each host")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds between requests to a host")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that a server takes to answer")
    parser.add_argument(
        "--side-by-side", type=positive, help="hosts asked at the same time (default: the command's own)"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.serve:
        _serve(options)
        return 0
    print(json.dumps(_measure(options)))
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    arguments = [f"--{name}={getattr(options, name)}" for name in ("hosts", "pages", "delay", "latency")]
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None and server.stdout is not None
    try:
        bases: list[str] = json.loads(server.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder, "urls.txt")
            # As a list comes: host after host.
            listed.write_text("".join(f"{base}/story-{page}\n" for base in bases for page in range(options.pages)))
            command = [sys.executable, "-m", "cleaner", "fetch", "--list", str(listed), "-o", f"{folder}/raw", "-q"]
            command += ["--allow-private", "--delay", str(options.delay)]
            command += ["--hosts", str(options.side_by_side)] if options.side_by_side else []
            begun = time.perf_counter()
            subprocess.run(command, check=True)
            seconds = time.perf_counter() - begun
            saved = sum(1 for _ in Path(folder, "raw").rglob("*.html"))
        server.stdin.close()
        seen = json.loads(server.stdout.readline())
    finally:
        server.kill()
        server.wait()
    pages = options.hosts * options.pages
    # After the last page nobody waits; robots.txt comes before the first.
    bound = options.pages * (options.delay + options.latency) + options.latency
    return {
        "hosts": options.hosts,
        "pages": pages,
        "saved": saved,
        "seconds": round(seconds, 2),
        "bound_seconds": round(bound, 2),
        "pages_a_second": round(pages / seconds, 1),
        "bound_pages_a_second": round(pages / bound, 1) if bound else None,
        "share_of_bound": round(bound / seconds, 3),
        "shortest_pause": round(seen["shortest"], 3),
        "mean_pause": round(seen["mean"], 3),
        "most_at_once_of_a_host": seen["at_once"],
        "processors": os.cpu_count(),
    }


def _serve(options: argparse.Namespace) -> None:
    """Serve all hosts until standard input ends; then tell what they saw."""
    lock = threading.Lock()
    spans: dict[str, list[tuple[float, float]]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            begun = time.perf_counter()
            time.sleep(options.latency)
            is_robots = self.path == "/robots.txt"
            body = b"" if is_robots else f"<title>{self.path}</title>".encode() + _WORDS
            with lock:  # entered before the answer goes out: what comes after it is the pause
                spans.setdefault(self.headers["Host"], []).append((begun, time.perf_counter()))
            self.send_response(404 if is_robots else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    bases = []
    for number in range(1, options.hosts + 1):
        server = ThreadingHTTPServer((f"127.0.1.{number}", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bases.append(f"http://127.0.1.{number}:{server.server_port}")
    print(json.dumps(bases), flush=True)
    sys.stdin.read()
    pauses = [later[0] - earlier[1] for host in spans.values() for earlier, later in pairwise(sorted(host))]
    told = {
        "shortest": min(pauses, default=0.0),
        "mean": sum(pauses) / max(len(pauses), 1),
        "at_once": 1 + sum(pause < 0 for pause in pauses),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    sys.exit(main())
