"""Turn a target's requests into answers over HTTP, and say for each failure whether anything can have arrived.

    connection   a base URL that may be used  ──▶ an open Client
    exchange     a request  ──Client──▶ its answer, or what its failure leaves open
    failures     an error of the transport  ──▶ NotSent, Lost
    hint         a Retry-After header  ──▶ the seconds for which the target wants nothing
    page         a request for a list  ──▶ a page of it

Redirects are never followed, and requests go to one base URL only: the credentials cannot reach another host.
"""

from pipeline.client.connection import check_base_url, connect
from pipeline.client.exchange import Client, Patience
from pipeline.client.failures import Failed, Lost, Missing, NotSent
from pipeline.client.hint import retry_after
from pipeline.client.page import page_of

__all__ = [
    "Client", "Failed", "Lost", "Missing", "NotSent", "Patience", "check_base_url", "connect", "page_of", "retry_after",
]  # fmt: skip
