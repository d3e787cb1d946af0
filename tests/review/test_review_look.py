"""Everybody can read and use the page: with a screen reader, on a laptop or a phone, by day and by night, in both languages."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from review.review_page import Page, chromium, faulty_run, needs_page, served

from pipeline.review.page import html, words


def axe() -> str:
    """axe-core, from a package that carries it; nothing else of it is used."""
    spec = find_spec("axe_playwright_python")
    assert spec and spec.origin
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@needs_page
@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe-core is not installed")
def test_axe_finds_nothing_at_any_width_or_colour(shell: Shell) -> None:
    """No violation of WCAG 2.2 A and AA, nor of axe's best practice: the rows, a cause, an editor, both dialogs; no sideways scroll."""
    run = faulty_run(shell)
    with chromium() as browser:
        for lang, width, dark in (("en", 1366, False), ("es", 390, True)):
            with served(shell, run, "--lang", lang) as here:
                page = Page(browser, here.address, width=width, height=820, dark=dark)
                page.page.evaluate(axe())
                assert violations(page) == []
                if width < 700:
                    page.page.click("#causes-box summary")
                page.cause("country.unknown")
                page.page.wait_for_selector("#cause:not([hidden])")
                page.cell("problem").click()
                page.page.wait_for_selector("#detail li")
                assert violations(page) == []
                assert page.page.evaluate("document.documentElement.scrollWidth") <= width
                page.page.click("#columns")
                page.page.click("#columns-dialog summary")
                assert violations(page) == []
                page.page.keyboard.press("Escape")
                page.page.click("#push")
                page.page.wait_for_selector("#push-cancel")
                assert violations(page) == []
                page.page.keyboard.press("Escape")
                assert page.wrong == []


def violations(page: Page) -> list[Any]:
    """What axe finds: rule, impact, the elements."""
    found: list[Any] = page.page.evaluate(
        "axe.run(document).then((r) => r.violations.map((v) => [v.id, v.impact, v.nodes.map((n) => n.html)]))"
    )
    return found


def test_both_languages_say_the_same_things() -> None:
    """The same names in both tables, with the same parts to fill in; every name that the page uses is there."""
    english, spanish = words("en"), words("es")
    assert list(english) == list(spanish)
    for name in english:
        assert set(re.findall(r"\{\w+\}", english[name])) == set(re.findall(r"\{\w+\}", spanish[name])), name
    used = set()
    for script in ("page.js", "table.js", "dialogs.js"):
        used |= set(
            re.findall(
                r'word\("(\w+)"', (Path(html.__code__.co_filename).with_name(script)).read_text(encoding="utf-8")
            )
        )
    assert used <= set(english), used - set(english)
    assert len(used) > 40
