"""What tests of HTML reports share: what a parser makes of a file, and a tab of a browser."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Elements(HTMLParser):
    """What an HTML parser makes of a report."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[int, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}))

    def handle_data(self, data: str) -> None:
        at = len(self.found) - 1
        self.text[at] = self.text.get(at, "") + data

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, self.text.get(at, "")) for at, (name, attributes) in enumerate(self.found) if name == tag]


class Tab:
    """A report in a tab, and all that went wrong in it."""

    def __init__(self, browser: Any, path: Path, hash_: str = "", **options: Any) -> None:
        self.page = browser.new_page(**({"viewport": {"width": 1280, "height": 860}} | options))
        self.trouble: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.trouble.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.address = path.as_uri()
        self.page.goto(self.address + hash_)

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *error: object) -> None:
        self.page.close()
        if error[0] is None:
            assert self.trouble == []
            assert {url.partition("#")[0] for url in self.asked} == {self.address}


def texts(page: Any, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).all_inner_texts()
    return found


CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = getComputedStyle(document.body).backgroundColor;
  return Array.from(document.querySelectorAll(selector), (block) => {
    const { color, backgroundColor } = getComputedStyle(block);
    const pair = [light(color), light(backgroundColor === "rgba(0, 0, 0, 0)" ? paper : backgroundColor)].sort();
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  });
}"""
"""Of the text of elements on their own background, as WCAG counts it."""
