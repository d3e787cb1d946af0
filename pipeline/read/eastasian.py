"""Turn the head of a text that is no UTF-8 into the encoding of several bytes a character that it is in, if it is in one.

Japanese, Chinese and Korean files have runs of such characters. A text in a code page of one byte is none of these: its
letters stand alone among others, or a word of an odd number of letters ends in half a character.
"""

from __future__ import annotations

ENCODINGS = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
LEAST = 4  # characters that tell anything
TYPICAL = 0.9  # share of the characters beyond ASCII that are those of East Asia
TOGETHER = 0.8  # share of these that have another one beside them
BLOCKS = ((0x3000, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xFF00, 0xFF60))
"""Kana and their signs, Chinese characters, Hangul, wide forms. The narrow Kana have one byte: any text would hold them."""


def encoding(head: bytes) -> str | None:
    """The encoding of a text that begins with `head`; None where it is none of these.

    >>> encoding("名前;市\\n山田太郎;東京\\n".encode("cp932")), encoding("Nombre;Año\\nMuñoz;2\\n".encode("cp1252"))
    ('cp932', None)
    """
    lines = head[: head.rfind(b"\n") + 1] or head  # the last character may be cut
    fitting = [name for name in ENCODINGS if _fits(lines, name)]
    if len(fitting) < 2:
        return next(iter(fitting), None)
    from charset_normalizer import from_bytes

    guess = from_bytes(lines, cp_isolation=fitting).best()
    return fitting[0] if guess is None else guess.encoding


def _fits(lines: bytes, name: str) -> bool:
    try:
        text = lines.decode(name)
    except UnicodeDecodeError:
        return False
    beyond = sum(char > "\x7f" for char in text)
    found = [_is_east_asian(char) for char in text]
    count = sum(found)
    beside = sum(
        here and (left or right) for left, here, right in zip([False, *found], found, [*found[1:], False], strict=False)
    )
    return count >= max(LEAST, TYPICAL * beyond) and beside >= TOGETHER * count


def _is_east_asian(char: str) -> bool:
    return any(first <= ord(char) <= last for first, last in BLOCKS)
