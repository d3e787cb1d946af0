"""Nobody but the person who started it can read or change anything on the review page, and no cell becomes markup."""

from __future__ import annotations

import http.client
import http.server
import json
import stat
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import Shell, write_csv
from review.review_page import Page, Served, chromium, faulty_run, needs_page, served

HOSTILE = [
    "<script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">", "javascript:alert(1)",
    "${document.title='owned'}", "{{constructor.constructor('document.title=1')()}}", "</script><svg onload=alert(1)>",
    "=HYPERLINK(\"http://evil.example\")", "\u202egnp.exe", "'\"><b>bold</b>", "<a href='//evil.example'>x</a>",
]  # fmt: skip


def ask(
    address: str, path: str = "", method: str = "GET", body: str = "", **headers: str
) -> tuple[int, dict[str, str], str]:
    """One request, with exactly these headers; a Host where none is named."""
    parts = urlsplit(address)
    wire = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=30)
    wire.putrequest(method, parts.path + path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": parts.netloc, **{n.replace("_", "-"): v for n, v in headers.items()}}.items():
        wire.putheader(name, value)
    if body:
        wire.putheader("Content-Length", str(len(body)))
    wire.endheaders(body.encode())
    answer = wire.getresponse()
    found = answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read().decode()
    wire.close()
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: Any) -> Any:
    """A page that is served for these tests."""
    shell = Shell(tmp_path_factory.mktemp("safety"))
    run = faulty_run(shell)
    with served(shell, run) as one:
        yield one, run


@needs_page
def test_only_our_own_page_is_answered(page: tuple[Served, Path]) -> None:
    """Another token, another Host, another Origin, a foreign site's request and a form are all refused, before anything is read."""
    address, _ = page[0].address, page[1]
    own = address.rsplit("/", 2)[0]
    edit = json.dumps({"id": 0, "cell": 0, "before": None, "text": "x"})
    good = {"Origin": own, "Content_Type": "application/json"}
    status, _, text = ask(address, "api/state")
    assert status == 200 and json.loads(text)["counts"] == {"invalid": 9, "rejected": 2}
    assert ask(own + "/", "")[0] == 404
    assert ask(own + "/wrong-token/", "api/state")[0] == 404
    assert ask(address, "api/state", Host="evil.example")[0] == 421  # DNS rebinding: their name, our address
    assert ask(address, "api/state", Host="127.0.0.1")[0] == 421
    assert ask(address, "api/state", Origin="http://evil.example")[0] == 403
    assert ask(address, "api/state", Origin="null")[0] == 403
    assert ask(address, "api/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403
    assert ask(address, "api/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 403
    assert (
        ask(address, "", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
    )  # a link to the page itself
    assert ask(address, "api/edit", "POST", edit, Content_Type="application/json")[0] == 403
    assert ask(address, "api/edit", "POST", edit, **{**good, "Origin": "http://evil.example"})[0] == 403
    assert ask(address, "api/edit", "POST", edit, **{**good, "Content_Type": "text/plain"})[0] == 403
    assert ask(address, "api/edit", "GET", **good)[0] == 405
    assert ask(address, "api/edit", "POST", "x" * (2 << 20), **good)[0] == 413
    assert ask(address, "api/edit", "POST", "[1]", **good)[0] == 400
    assert json.loads(ask(address, "api/state")[2])["counts"] == {"invalid": 9, "rejected": 2}


@needs_page
def test_every_answer_carries_the_policy(page: tuple[Served, Path]) -> None:
    """The page, its scripts, its data and its refusals: no foreign script, frame, form or request; no eval; not kept."""
    for path in ("", "page.js", "grid.js", "page.css", "api/state", "nothing-here"):
        _, headers, _ = ask(page[0].address, path)
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


@needs_page
def test_the_way_to_the_page_is_private(page: tuple[Served, Path]) -> None:
    """Everything that leads to the page or keeps its edits is readable by the user alone; a second process does not start."""
    one, run = page
    for name in (".review.html", ".review.db"):
        assert stat.S_IMODE((run / name).stat().st_mode) == 0o600
    assert one.address in (run / ".review.html").read_text(encoding="utf-8")
    again = Shell(run.parent)("review", run, "--no-browser")
    assert again.code == 2 and "under review already" in again.err and one.address not in again.err


@needs_page
def test_a_foreign_page_in_the_same_browser_can_neither_read_nor_change(page: tuple[Served, Path]) -> None:
    """Even one that knows the address: fetch, form, script, image and frame from another origin come to nothing."""
    address = page[0].address

    class Foreign(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title>")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with chromium() as browser:
            tab = browser.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_address[1]}/")
            found = tab.evaluate(
                """async (address) => {
                  const tried = {};
                  const attempt = async (name, how) => { try { const a = await fetch(address + name, how); tried[name + (how?.mode ?? "")] = a.type === "opaque" ? "opaque" : await a.text(); } catch { tried[name + (how?.mode ?? "")] = "no"; } };
                  await attempt("api/state");
                  await attempt("api/state", { mode: "no-cors" });
                  await attempt("api/undo", { method: "POST", body: "{}", mode: "no-cors" });
                  await attempt("api/edit", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
                  const load = (tag, src) => new Promise((r) => { const e = document.createElement(tag); e.onload = () => r("loaded"); e.onerror = () => r("no"); e.src = src; document.body.append(e); setTimeout(() => r("silence"), 3000); });
                  tried.script = await load("script", address + "page.js");
                  const frame = document.createElement("iframe"); frame.src = address; document.body.append(frame);
                  await new Promise((r) => setTimeout(r, 1000));
                  let inside = null; try { inside = frame.contentDocument?.title ?? null; } catch { inside = null; }
                  tried.frame = inside;
                  return tried;
                }""", address)  # fmt: skip
            assert found["api/state"] == "no" and found["api/edit"] == "no" and found["script"] == "no"
            assert found["api/stateno-cors"] in ("no", "opaque")
            assert found["frame"] in (None, "")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert json.loads(ask(address, "api/state")[2])["version"] == 0


@needs_page
def test_hostile_cells_stay_texts_everywhere(shell: Shell) -> None:
    """In headers, cells, problems, suggestions, values to fix once, the table of columns and the row in hand."""
    nasty = HOSTILE[0]
    rows = [
        {"Name": one, "Email": one, "Country": one, "State": one, nasty: one, "Phone": one, "Address": one}
        for one in HOSTILE
    ]
    write_csv(shell.home / "hostile.csv", rows + rows)
    ended = shell("run", "hostile.csv", "--to", "piriod", "--sandbox", "--dry-run", "--duplicates", "all", "--out", "r")
    assert ended.counts["invalid"] == 20, ended.out
    with chromium() as browser, served(shell, ended.folder) as here:
        page = Page(browser, here.address, width=2400)
        page.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.cause("country.unknown")
        for one in HOSTILE:
            row = HOSTILE.index(one)
            assert page.written("c4", row) == one
        page.cell("c2", 0).click()
        page.page.wait_for_selector("#detail li")
        assert HOSTILE[0] in page.page.inner_text("#detail")
        page.type("c2", HOSTILE[1])
        page.page.fill(".value input", HOSTILE[5])
        page.page.keyboard.press("Enter")
        page.page.wait_for_function("() => !document.querySelector('#undo').disabled")
        page.page.click("#columns")
        page.page.wait_for_selector("#columns-dialog table")
        assert nasty in page.page.inner_text("#columns-dialog")
        assert page.page.title().startswith("Review")
        foreign = "script:not([src='page.js']):not([type='application/json']), #work img[src='x'], #work svg[onload], b:has(> b), a[href*='evil']"
        assert page.page.locator(foreign).count() == 0
        assert page.wrong == []
        host = here.address.split("/")[2]
        assert all(url.startswith((f"http://{host}/", "data:")) for url in page.asked), page.asked


@needs_page
@pytest.mark.slow
def test_a_page_that_is_left_alone_ends_and_loses_nothing(shell: Shell) -> None:
    """After the idle time the process ends by itself, and takes the way to the page with it; the page says what to type."""
    run = faulty_run(shell)
    with (
        chromium() as browser
    ):  # before the page is served: on a busy machine a browser takes longer to start than the idle time
        one = Served(shell, run, "--idle", "0.2")
        try:
            page = Page(browser, one.address)
            page.cause("phone.invalid")
            page.type("c6", "+56 2 2345 6701")
            assert (
                one.process.wait(timeout=60) == 1
            )  # rows are not in yet; an open page that nobody touches keeps nobody
            page.page.wait_for_selector("#gone:not([hidden])")
            assert "customer-import review" in page.page.inner_text("#gone")
        finally:
            code, err = one.stop()
    assert code == 1 and "not in yet" in err
    assert not (run / ".review.html").exists()
    with served(shell, run) as again:
        time.sleep(0)
        assert json.loads(ask(again.address, "api/state")[2])["counts"] == {"invalid": 8, "rejected": 2, "ready": 1}
