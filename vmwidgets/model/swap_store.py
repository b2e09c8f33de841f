"""Where the VMM keeps guest pages that have no frame: its swap file and the compression caches."""

import hashlib

import numpy as np
from numpy.typing import NDArray


class SwapStore:
    """Places for pages, each with the content of its page, and its bytes if somebody wrote them."""

    def __init__(self) -> None:
        self.content = np.zeros(64, np.uint64)
        self.data: dict[int, bytes] = {}
        self._spare: list[int] = []
        self._end = 0

    @property
    def used(self) -> int:
        """Pages that are stored."""
        return self._end - len(self._spare)

    def put(self, contents: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Store pages and return their places."""
        again = [self._spare.pop() for _ in range(min(len(contents), len(self._spare)))]
        fresh = len(contents) - len(again)
        while self._end + fresh > len(self.content):
            self.content = np.concatenate([self.content, np.zeros_like(self.content)])
        places = np.array([*again, *range(self._end, self._end + fresh)], np.int32)
        self._end += fresh
        self.content[places] = contents
        return places

    def forget(self, places: NDArray[np.int32]) -> None:
        """Give places back."""
        self._spare += places.tolist()
        for place in places.tolist() if self.data else ():
            self.data.pop(place, None)

    def digest(self) -> bytes:
        """Return a SHA-256 over what is stored."""
        hashed = hashlib.sha256(self.content[: self._end].tobytes())
        hashed.update(repr((self._spare, sorted(self.data.items()))).encode())
        return hashed.digest()
