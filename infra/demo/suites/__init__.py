"""The eight product suites of the demo world, each with its own tables and its own answer to an erasure."""

from infra.demo.declare import Suite
from infra.demo.suites import (
    civicclerk,
    civicengage,
    civichr,
    civicoptimize,
    civicready,
    civicrec,
    cpconnect,
    seeclickfix,
)

SUITES: tuple[Suite, ...] = (
    civicengage.SUITE,
    civicrec.SUITE,
    civicclerk.SUITE,
    civichr.SUITE,
    civicready.SUITE,
    civicoptimize.SUITE,
    cpconnect.SUITE,
    seeclickfix.SUITE,
)


def suite(slug: str) -> Suite:
    return next(found for found in SUITES if found.slug == slug)
