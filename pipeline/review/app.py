"""Turn the requests of a page into commands, and their answers and refusals into HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pipeline.errors import Stop
from pipeline.language import say
from pipeline.review import page as pages
from pipeline.review import saved
from pipeline.review.commands import CHANGES, READS, Busy, Json, Review
from pipeline.review.component import script
from pipeline.review.desk import Changed


def application(review: Review, nonce: str) -> Starlette:
    """The routes below the token; see `guard`."""
    fixed: dict[str, tuple[Callable[[], str], str]] = {
        "": (lambda: pages.html(review.lang, nonce), "text/html"),
        "page.css": (lambda: pages.asset("page.css"), "text/css"),
        **{name: (lambda name=name: pages.asset(name), "text/javascript") for name in pages.SCRIPTS},  # type: ignore[misc]
    }

    def static(made: Callable[[], str], kind: str) -> Callable[[Request], Response]:
        return lambda _: Response(made(), media_type=kind)

    def file(_: Request) -> Response:
        return FileResponse(review.desk.folder.file(saved.NAME), media_type="text/csv", filename=saved.NAME)

    routes = [Route(f"/{{token}}/{name}", static(*one)) for name, one in fixed.items()]
    routes.append(Route("/{token}/grid.js", lambda _: FileResponse(script(), media_type="text/javascript")))
    routes.append(Route(f"/{{token}}/{saved.NAME}", file))
    routes.extend(Route(f"/{{token}}/api/{name}", _read(review, name)) for name in READS)
    routes.extend(Route(f"/{{token}}/api/{name}", _change(review, name), methods=["POST"]) for name in CHANGES)
    return Starlette(routes=routes)


def _read(review: Review, name: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return await _answer(review, name, dict(request.query_params))

    return answer


def _change(review: Review, name: str) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            asked = json.loads(await request.body() or b"{}")
            if not isinstance(asked, dict):
                raise TypeError
        except (ValueError, TypeError):
            return JSONResponse({"error": say("no JSON object")}, 400)
        return await _answer(review, name, asked)

    return answer


async def _answer(review: Review, name: str, asked: Json) -> Response:
    try:
        return JSONResponse(await run_in_threadpool(review.call, name, asked))
    except Changed as error:
        return JSONResponse({"error": error.message, "remedy": error.remedy, "version": review.desk.version}, 409)
    except Busy as error:
        return JSONResponse({"error": error.message, "remedy": error.remedy}, 423)
    except Stop as error:
        return JSONResponse({"error": error.message, "remedy": error.remedy}, 422)
    except (KeyError, ValueError, TypeError) as error:
        return JSONResponse({"error": say("not understood: {error}", error=error)}, 400)
