"""The review page does the whole job: from a faulty file to every customer at the target, through the page alone."""

from __future__ import annotations

import csv
from pathlib import Path

from conftest import Shell
from review.review_page import (
    ADDRESS,
    EMAIL,
    FLAG,
    PHONE,
    STATE,
    TAX_ID,
    WEBSITE,
    Page,
    chromium,
    faulty_run,
    needs_page,
    served,
)

pytestmark = needs_page


def test_a_faulty_file_is_put_right_and_pushed_on_the_page_alone(shell: Shell) -> None:
    """Nine kinds of faults and two refusals; the process is killed in the middle, and nothing is asked twice."""
    run = faulty_run(shell)
    with chromium() as browser:
        with served(shell, run) as first:
            page = Page(browser, first.address)
            assert page.counts() == {"invalid": 9, "rejected": 2}
            page.cause("country.unknown")
            page.page.click(".value button")  # the suggestion, for both rows at once
            page.wait(invalid=8, ready=1)
            page.cause("email.syntax")
            page.type(EMAIL, "ventas@sol.example")
            page.wait(invalid=7, ready=2)
            page.cause("state.unknown")
            page.type(STATE, "Valparaíso")
            page.wait(invalid=6, ready=3)
            page.page.close()
            first.kill()
        with served(shell, run) as second:
            page = Page(browser, second.address)
            assert page.counts() == {"invalid": 6, "rejected": 2, "ready": 3}
            page.cause("tax_id.check_digit")
            page.type(TAX_ID, "76910303-1")
            page.cause("phone.invalid")
            page.type(PHONE, "+56 2 2345 6701")
            page.cause("flag.unknown")
            page.type(FLAG, "no")
            page.cause("website.syntax")
            page.type(WEBSITE, "https://uno.example")
            page.wait(invalid=2, ready=7)
            assert page.push() == {"created": 7, "invalid": 2, "rejected": 2}
            page.wait(invalid=2, rejected=2, ready=0)
            page.cause("field.required", "Name")
            page.type("c0", "Almacén Nuevo SpA")
            page.cause("field.required", "Address")
            page.type(ADDRESS, "Calle 11")
            page.wait(invalid=0, rejected=2, ready=2)
            page.cause("target.rejected")
            page.type(TAX_ID, "76910404-6")
            page.type(TAX_ID, "76555666-K", row=1)
            page.wait(invalid=0, rejected=0, ready=4)
            assert page.push() == {"created": 11}
            page.wait(ready=0)
            assert page.wrong == []
            code, _ = second.stop()
            assert code == 0
    with (run / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["_status"] for line in lines] == ["created"] * 11
    assert len({line["_id"] for line in lines}) == 11
    assert customers(shell) == sorted(line["_id"] for line in lines)
    assert "Country" in (run / "mapping.toml").read_text(encoding="utf-8")


def customers(shell: Shell) -> list[str]:
    """The ids of all customers that the embedded sandbox has."""
    from pipeline.sandbox import Settings, serve

    with serve(Settings(database=shell.home / "runs" / ".sandbox.sqlite")) as there:
        return sorted(str(one["id"]) for one in there.customers("piriod"))


def test_a_person_with_a_keyboard_alone_can_do_it(shell: Shell, tmp_path: Path) -> None:
    """Cause, cell, edit, undo, redo and push, without the mouse, in Spanish."""
    run = faulty_run(shell)
    with chromium() as browser, served(shell, run, "--lang", "es") as here:
        page = Page(browser, here.address)
        assert page.page.get_attribute("html", "lang") == "es"
        keys = page.page.keyboard

        def reach(selector: str) -> None:
            for _ in range(60):
                if page.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                    return
                keys.press("Tab")
            raise AssertionError(f"{selector} cannot be reached with the Tab key")

        reach("#causes button[data-code='phone.invalid']")
        keys.press("Enter")
        page.page.wait_for_selector("#cause:not([hidden])")
        page.page.wait_for_function("() => document.querySelectorAll('.ag-center-cols-container .ag-row').length === 1")
        keys.press("Alt+g")
        for _ in range(4):  # row, status, problem, suggestion; then the column that is wrong
            keys.press("ArrowRight")
        keys.press("F2")
        page.page.wait_for_selector(".ag-cell-inline-editing input")
        keys.press("Control+A")
        keys.insert_text("+56 2 2345 6701")
        keys.press("Enter")
        page.wait(invalid=8, ready=1)
        keys.press("Alt+z")
        page.wait(invalid=9, ready=0)
        keys.press("Alt+y")
        page.wait(invalid=8, ready=1)
        page.page.focus("body")
        reach("#push")
        keys.press("Enter")
        page.page.wait_for_selector("#push-go")
        keys.press("Enter")  # the dialog has it in focus
        page.page.wait_for_selector("#push-result")
        keys.press("Enter")
        page.wait(invalid=8, ready=0)
        assert page.wrong == []


def test_a_column_gets_another_field_and_the_counts_move(shell: Shell) -> None:
    """Leaving a column out, and a default for blank cells, are judged over all rows, and undone."""
    run = faulty_run(shell)
    with chromium() as browser, served(shell, run) as here:
        page = Page(browser, here.address)
        page.page.click("#columns")
        page.page.select_option("#columns-dialog tr:has(th:text-is('Website')) select", "")
        page.page.select_option("#columns-dialog tr:has(th:text-is('Send invoices')) select", "")
        page.wait(invalid=8, ready=1)
        page.page.click("#columns-dialog summary")
        line = page.page.locator("#columns-dialog .defaults li", has_text="(address)")
        line.locator("input").fill("Sin dirección")
        line.locator("button").click()
        page.wait(invalid=7, ready=2)
        page.page.keyboard.press("Escape")
        for _ in range(3):
            before = page.counts()
            page.page.click("#undo")
            page.page.wait_for_function("() => !document.body.classList.contains('busy')")
            assert before
        page.wait(invalid=9, ready=0)


def test_two_pages_do_not_overwrite_each_other(shell: Shell) -> None:
    """The second page sees what the first one did; where it did not yet, its edit is refused and said."""
    run = faulty_run(shell)
    with chromium() as browser, served(shell, run) as here:
        one, two = Page(browser, here.address), Page(browser, here.address)
        for page in (one, two):
            page.cause("phone.invalid")
        two.cell(PHONE).dblclick()
        two.page.wait_for_selector(".ag-cell-inline-editing input")
        two.page.route("**/api/pulse*", lambda route: route.abort())  # as if the news had not come yet
        one.type(PHONE, "+56 2 2345 6701")
        one.wait(ready=1)
        two.page.keyboard.press("Control+A")
        two.page.keyboard.insert_text("+56 2 9999 9999")
        two.page.keyboard.press("Enter")
        two.page.wait_for_selector("#toast.bad")
        assert "changed elsewhere" in two.page.inner_text("#toast")
        two.wait(ready=1)
        two.page.wait_for_function(
            "([c, t]) => [...document.querySelectorAll(`.ag-row [col-id=${c}]`)].some((e) => e.textContent === t)",
            arg=[PHONE, "+56 2 2345 6701"],
        )
