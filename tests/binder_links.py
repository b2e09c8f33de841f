"""The Binder links of the README, taken apart."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"https://mybinder\.org/v2/gh/[^\s)\"'>]+")


@dataclass(frozen=True)
class Link:
    """``https://mybinder.org/v2/gh/OWNER/REPO/REF?urlpath=…`` with `urlpath` decoded once."""

    repository: str
    ref: str
    urlpath: str

    @property
    def path(self) -> str:
        """The notebook's path in the repository."""
        return self.urlpath.removeprefix("lab/tree/")


def links(readme: Path = ROOT / "README.md") -> list[Link]:
    """Every Binder link, in the order of the text."""
    found = []
    for address in _LINK.findall(readme.read_text(encoding="utf-8")):
        parts = urlsplit(address)
        owner, repository, ref = parts.path.removeprefix("/v2/gh/").split("/", 2)
        (urlpath,) = parse_qs(parts.query, strict_parsing=True)["urlpath"]
        found.append(Link(f"{owner}/{repository}", ref, urlpath))
    return found
