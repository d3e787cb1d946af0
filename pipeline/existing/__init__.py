"""Turn "who is already at the target?" into the fewest requests that answer it.

    matching  a row of the plan, a record of the target  ──▶ the names by which one is known as the other
    shortest  all rows  ──▶ the way that takes fewer requests: every page of the list, or a look-up for each identity
    scanned   every page of the list  ──▶ who is on it
    filtered  one identity  ──▶ who answers to it, by the target's filters
    pages     the list of customers  ──▶ its pages, to the last
    awaited   a customer who was created just now  ──▶ the same once more, until he is shown

Where the target cannot filter by the identity, all pages are read. Filters are never trusted: each record that comes
back is compared on our side.
"""

from pipeline.existing.awaited import Awaited, find
from pipeline.existing.filtered import search
from pipeline.existing.matching import KEYED, Found, Wanted, key_of, keyed, wanted_of
from pipeline.existing.pages import MOST_PAGES, pages_of

__all__ = [
    "KEYED", "MOST_PAGES", "Awaited", "Found", "Wanted", "find", "key_of", "keyed", "pages_of", "search", "wanted_of",
]  # fmt: skip
