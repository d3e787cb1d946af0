"""Turn a request for a list into a page of it, or into a failure where the answer is none."""

from __future__ import annotations

from typing import Any

from pipeline.client.exchange import Client
from pipeline.client.failures import Failed
from pipeline.language import say
from pipeline.targets.interface import UNREADABLE, Call, Page, Target


async def page_of(client: Client, target: Target, call: Call) -> Page:
    """The page of a list that `call` asks for.

    Raises:
        Unavailable: the target refuses the credentials.
        Failed: it does not answer, or with something else than a list: that shows nobody, and proves nobody's absence.
    """
    answer = await client.read(call)
    page = target.page(answer)
    if not _is_list(answer.json, page):
        raise Failed(say("the answer is no list: {said}", said=answer.text[:200]))
    if page.next == UNREADABLE:
        raise Failed(say("the list goes on, and does not say how: {said}", said=answer.text[:200]))
    return page


def _is_list(body: Any, page: Page) -> bool:
    """Whether a body, or the `data` in its envelope, holds as many entries as were read of it."""
    inner = body.get("data") if isinstance(body, dict) else None
    if isinstance(body, dict) and body.get("success") is False:
        return False
    held = [v for part in (body, inner) for v in (part, *(part.values() if isinstance(part, dict) else ()))]
    return any(isinstance(v, list) and len(v) == len(page.items) for v in held) or (page.total == 0 and not page.items)
