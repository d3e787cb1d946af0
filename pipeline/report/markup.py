"""Turn texts and elements into HTML in which a text can never become markup.

>>> tag("p", "1 < 2", tag("b", "&"), class_="x")
'<p class="x">1 &lt; 2<b>&amp;</b></p>'
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape


class Html(str):
    """Text that is HTML already; only `tag` and `join` make it."""

    __slots__ = ()


def tag(name: str, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """An element; children that are not Html are escaped, and so are attributes.

    `class_` stands for class, `_` for `-`; an attribute that is True stands alone, one that is None or False is left
    out.
    """
    shown = ""
    for key, value in attributes.items():
        word = key.rstrip("_").replace("_", "-")
        if value is True:
            shown += f" {word}"
        elif value is not None and value is not False:
            shown += f' {word}="{escape(str(value))}"'
    end = "" if name in ("input", "meta", "rect") else f"{join(*children)}</{name}>"
    return Html(f"<{name}{shown}>{end}" if name != "rect" else f"<rect{shown}/>")


def join(*children: str | None) -> Html:
    """Children side by side; those that are not Html are escaped."""
    return Html("".join(c if isinstance(c, Html) else escape(c) for c in children if c))


def asset(text: str, name: str) -> tuple[Html, str]:
    """A style or script of ours as an element, and the source expression that lets it run under a policy."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Html(f"<{name}>{text}</{name}>"), f"'sha256-{digest}'"


def data(content: Mapping[str, object], name: str) -> Html:
    """JSON for a script; it cannot end the element it stands in, nor open a comment there."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Html(f'<script type="application/json" id="{escape(name)}">{text}</script>')
