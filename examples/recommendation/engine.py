"""Stands for the expensive parts of the application: the scraper, the embeddings, the analysis. All texts are made up."""

import hashlib
import math
import re
from typing import Any
from urllib.parse import urlsplit

DIMENSIONS = 128


class Unreachable(Exception):
    """A page cannot be read."""


async def scrape(url: str) -> dict[str, str]:
    """A page of a site that does not exist: its text is made from its address."""
    parts = urlsplit(url)
    if not parts.hostname or parts.hostname.endswith(".invalid"):
        raise Unreachable(f"{url} does not answer")
    words = re.findall(r"[a-z]+", parts.path.lower()) or ["home"]
    return {"url": url, "text": " ".join(words * 200)}


def embed(text: str) -> list[float]:
    """A unit vector of the words: each word is a direction."""
    vector = [0.0] * DIMENSIONS
    for word in re.findall(r"[a-z]+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        for at in range(4):
            vector[digest[at] % DIMENSIONS] += 1 if digest[at + 4] % 2 else -1
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def similarity(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def analyse(text: str) -> dict[str, Any]:
    words = sorted(set(text.split()))
    return {"title": " ".join(words[:5]), "words": words, "length": len(text)}
