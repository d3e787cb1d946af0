"""Turn words into a command that a shell reads back as the same words, also where a name holds what no line should.

mi carpeta/list.csv   ->  'mi carpeta/list.csv'
a<ESC>[31m.csv        ->  $'a\\x1b[31m.csv'      (bash, zsh, ksh; on Windows the quotes of its own command line)
"""

from __future__ import annotations

import os
import re
import shlex

PROGRAM = "customer-import"
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")


def command(*words: str) -> str:
    """`customer-import WORDS`, as it can be typed."""
    return " ".join([PROGRAM, *map(quoted, words)])


def quoted(word: str) -> str:
    """One word, for a POSIX shell with what a terminal would obey, and bytes that are no text, spelt out."""
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline([word])
    if not _ODD.search(word):
        return shlex.quote(word)
    plain = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{_ODD.sub(_spelt, plain)}'"


def _spelt(found: re.Match[str]) -> str:
    """The character's bytes: a shell reads them back whatever its locale is."""
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape"))
