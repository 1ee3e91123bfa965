"""Whether two kinds of answers can be told apart: by what they say, and, statistically, by how long they take."""

import math
import re
from collections.abc import Sequence

_MADE_UP = (
    (re.compile(r"HB-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}"), "NUMBER"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r'datetime="[^"]+">[^<]+<'), "WHEN"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"), "WHEN"),
    (re.compile(r'(name="(?:key|token|press)" value|data-work)="[^"]+"'), r'\1="CHANCE"'),
)
CERTAIN = 1e-4
"""Below this probability a difference is no chance any more."""


def without_chance(text: str) -> str:
    """An answer without what chance or the clock put into it."""
    for pattern, word in _MADE_UP:
        text = pattern.sub(word, text)
    return text


def by_time(some: Sequence[float], others: Sequence[float]) -> float:
    """The probability of timings as different as these, were both drawn from one urn: the Mann-Whitney U test,
    two-sided, by its normal approximation, corrected for ties and continuity. From 20 timings each on it is good.
    """
    ranked = sorted([(t, 0) for t in some] + [(t, 1) for t in others])
    n, m, total = len(some), len(others), len(ranked)
    ranks, tied, at = 0.0, 0.0, 0
    while at < total:
        end = at
        while end < total and ranked[end][0] == ranked[at][0]:
            end += 1
        size, rank = end - at, (at + 1 + end) / 2
        ranks += rank * sum(1 for place in range(at, end) if ranked[place][1] == 0)
        tied += size**3 - size
        at = end
    u = ranks - n * (n + 1) / 2
    spread = math.sqrt(n * m / 12 * (total + 1 - tied / (total * (total - 1))))
    if spread == 0:
        return 1.0
    z = max(abs(u - n * m / 2) - 0.5, 0.0) / spread
    return math.erfc(z / math.sqrt(2))
