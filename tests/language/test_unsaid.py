"""No text that a person reads stands in the code without being said in the person's language."""

from __future__ import annotations

from pathlib import Path

import pytest
from language.catalogue import PACKAGE
from language.unsaid import modules, unsaid


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_text_that_is_shown_is_said(path: Path) -> None:
    """Each literal that reaches a person stands in a call of say, say_n, later or later_n."""
    assert unsaid(path) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('raise Misuse("the file is gone", say("Look again."))', ["the file is gone"]),
        ('raise Misuse(say("the file is gone"), f"Look at {path}.")', ["Look at "]),
        ('put(f"{count} rows")', [" rows"]),
        ('bar.say("it goes on")', ["it goes on"]),
        ('talk(say("{rows} of them", rows="all of them"))', ["all of them"]),
        ('talk(say("it goes on"))', []),
        ('put(typed.go_on(folder, "push", "--yes"))', []),
        ('raise Misuse(say("no"), "customer-import push latest")', []),
    ],
)
def test_the_test_sees_what_it_is_to_see(line: str, found: list[str], tmp_path: Path) -> None:
    """A literal in a message, in a part of one, and in what is filled in; but no command."""
    (tmp_path / "module.py").write_text(f"def f():\n    {line}\n")
    assert [text.split(": ", 1)[1] for text in unsaid(tmp_path / "module.py")] == found
