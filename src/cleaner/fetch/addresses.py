"""Which addresses may be fetched, in one form, and where in a folder what they hold is kept. No request is made here.

An address comes from a stranger's page more often than not: none may reach into the network that we run in, and none
may name a file outside the folder or one that a system runs.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from requests.utils import requote_uri
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from cleaner.errors import FetchError

__all__ = ["IP", "canonical", "check", "host_of", "name_for", "refusal", "resolve"]

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST: Final = 4096
"""Characters of an address; servers end at some 8,000, and no article needs a half of that."""
_PORTS: Final = {"http": 80, "https": 443}
# Parameters that say where a reader came from and never what is read. The list is short on purpose: `ref`, `source` or
# `id`, which longer lists hold, tell pages apart on some sites, and two pages taken for one are one page missed.
_TRACKING: Final = re.compile(
    r"(?:utm|mtm|hsa|itm)_\w{1,40}|(?:fb|g|dc|msclk|tt|tw|y)clid|gbraid|wbraid|msclkid|igshid|mc_[ce]id|_hsenc|_hsmi",
    re.IGNORECASE | re.ASCII,
)
_BREAKS: Final = dict.fromkeys(map(ord, "\t\r\n"))
"""What browsers pass over within an address (WHATWG URL)."""
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d)", re.IGNORECASE | re.ASCII)
"""A scheme; digits behind the colon are a port (`example.com:8080`)."""
_HOST: Final = re.compile(r"(?!\.)(?:[a-z0-9_-]{1,63}(?:\.(?=.)|$))+", re.ASCII)


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def canonical(url: str) -> str:
    """Return `url` in the form in which it is asked for and remembered.

    Scheme and host are in small letters, the host in its ASCII form (IDNA), the default port, the fragment, `..`, a dot
    that ends the host and parameters that only track (`utm_source`, `fbclid` …) are gone; what is not ASCII is escaped.
    The order of parameters stays: some servers look at it. An address without a scheme is taken for https.

    Raises FetchError where it is no address of the web, or one with a password in it.
    """
    said = url if len(url) <= 200 else f"{url[:200]}…"
    if len(url) > _LONGEST:
        raise FetchError(said, f"longer than {_LONGEST:,} characters")
    url = url.strip().translate(_BREAKS)
    scheme = _SCHEME.match(url)
    if scheme is None:
        url = f"https://{url}"  # `example.com/story`, as people write it
    elif scheme[1].lower() not in _PORTS:
        raise FetchError(said, f"{scheme[1].lower()}: is not fetched, only http and https")
    try:
        # The parser that the connection is made by: what is checked here is what is asked for there.
        parts = parse_url(url)
    except LocationParseError as error:
        raise FetchError(said, "no address of the web") from error
    host = (parts.host or "").rstrip(".")
    if not host or parts.scheme not in _PORTS:
        raise FetchError(said, "no address of the web: it names no host")
    if not (_is_ipv6(host) if host.startswith("[") else len(host) <= 253 and _HOST.fullmatch(host)):
        raise FetchError(said, f"{host[:80]!r} is no name of a host")
    if parts.auth is not None:
        raise FetchError(said, "holds a user name; pages behind a password are not fetched")
    port = "" if parts.port in (None, _PORTS[parts.scheme]) else f":{parts.port}"
    query = "&".join(
        part for part in (parts.query or "").split("&") if part and not _TRACKING.fullmatch(part.partition("=")[0])
    )
    found = str(requote_uri(f"{parts.scheme}://{host}{port}{parts.path or '/'}{'?' if query else ''}{query}"))
    # Unescaped, `%2e%2e` is `..`, and leads elsewhere: past a robots.txt, if that were not seen here.
    return str(parse_url(found).url) if "/." in found else found


def _is_ipv6(host: str) -> bool:
    """Tell whether a host in brackets is an address, and one without a zone: that names a network card of ours."""
    try:
        return ipaddress.IPv6Address(host[1:-1]).scope_id is None
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return the host of a canonical address: what is fetched from one at a time, whatever the scheme and port."""
    return urlsplit(url).hostname or ""


# ── Hosts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def check(url: str, *, allow_private: bool = False) -> None:
    """Raise FetchError where `url` must not be fetched: not of the web, no such host, or a host that is not public."""
    parts = urlsplit(canonical(url))
    resolve(parts.hostname or "", parts.port or _PORTS[parts.scheme], allow_private=allow_private)


def resolve(host: str, port: int, *, allow_private: bool = False) -> list[str]:
    """Return the IP addresses of `host`, in the order to try them.

    Who connects must connect to one of these and not ask for the name again: a second answer may be another one (DNS
    rebinding). One address that is not public refuses them all: no honest name has both.

    Raises FetchError where there is no such host, or one that is not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        is_sure = isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME  # a typing error, not a fault
        raise FetchError(host, f"no such host ({why})", is_passing=not is_sure) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        kind = None if allow_private else refusal(address)
        if kind is not None:
            told = host if host == address else f"{host} ({address})"
            raise FetchError(told, f"{kind} address; --allow-private lets such addresses be fetched")
    return addresses


def refusal(address: str) -> str | None:
    """Return what an IP address is that is not on the public internet (`a private`), None where it is.

    An address that another carries inside (IPv4-mapped, NAT64) is what counts; tunnels nobody needs any more (6to4,
    Teredo, IPv4-compatible) are refused. Source: the IANA registries of special-purpose addresses, as `ipaddress` has
    them.
    """
    try:
        ip: IP = ipaddress.ip_address(address)
    except ValueError:
        return "not an IP"
    if isinstance(ip, ipaddress.IPv6Address):
        if (inner := ip.ipv4_mapped) is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return refusal(str(inner))
    kinds = (
        (ip.is_unspecified, "an unspecified"),
        (ip.is_loopback, "a loopback"),
        (ip.is_link_local, "a link-local"),
        (ip.is_multicast, "a multicast"),
        (isinstance(ip, ipaddress.IPv6Address) and any(ip in net for net in _TUNNELS), "a tunnelled"),
        (ip.is_private, "a private"),
        (ip.is_reserved or (isinstance(ip, ipaddress.IPv6Address) and ip not in _UNICAST), "a reserved"),
        (not ip.is_global, "a shared"),  # 100.64.0.0/10, behind a provider's NAT
    )
    return next((name for is_so, name in kinds if is_so), None)


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_TUNNELS: Final = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


# ── Names of files ────────────────────────────────────────────────────────────────────────────────────────────────────

_LONGEST_SLUG: Final = 100
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9-]+", re.ASCII)
_PAGE_SUFFIX: Final = re.compile(r"\.(?:html?|xhtml|shtml|php\d?|aspx?|jsp|cgi|txt)$")
# Windows opens a device where a file is called so, whatever its suffix.
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:[.-]|$)")


def name_for(url: str, suffix: str = ".html") -> PurePosixPath:
    """Return where below the folder the page at a canonical address is kept: `example.com/2026_05_a-story.html`.

    Small letters, digits, `-` and `_` only, and a suffix of ours: no name begins with a dot, is longer than a file
    system takes, is a device of Windows, or one that a system runs. The same address has the same name in every run;
    where the name does not say all of the address, a hash of it tells apart two that would be named alike.
    """
    parts = urlsplit(url)
    folder = re.sub(r"[^a-z0-9.-]", "-", parts.hostname or "").strip(".-")[:200] or "host"
    if _DEVICES.match(folder):
        folder = f"host-{folder}"
    says_host = folder == parts.hostname  # `a_b.example` and `a-b.example` may be two people's
    if parts.port is not None:
        folder = f"{folder}-{parts.port}"
    path = unicodedata.normalize("NFKD", unquote(parts.path)).encode("ascii", "ignore").decode("ascii").lower()
    steps = (_NOT_IN_SLUG.sub("-", step).strip("-") for step in _PAGE_SUFFIX.sub("", path).split("/"))
    # The end of a path says more of a page than its beginning.
    slug = "_".join(filter(None, steps))[-_LONGEST_SLUG:].strip("-_") or "index"
    says_path = parts.path in ("/", f"/{slug.replace('_', '/')}")
    says_all = says_host and says_path and parts.scheme == "https" and not parts.query
    if not says_all or (parts.path != "/" and slug == "index") or _DEVICES.match(slug):
        slug = f"{slug}-{sha256(url.encode()).hexdigest()[:8]}"
    if _DEVICES.match(slug):
        slug = f"page-{slug}"
    return PurePosixPath(folder, f"{slug}{suffix}")
