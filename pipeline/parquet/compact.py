"""Turn Thrift's compact protocol, in which a Parquet file describes itself, into Python values, and back.

A struct is a dict of `id: (type, value)` in the order of its ids, a list or set a pair of the type of its elements and a
list, a map both types and a list of pairs; see
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. All types are known, so that what a
later version of the format adds is handed on.
"""

from __future__ import annotations

import struct as packing
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = range(1, 14)
"""The types of values; of a truth value in a struct the type is the value."""

_LONG = 15  # a list of so many elements or more has their number behind its head, a field so far on its own id

Struct = dict[int, tuple[int, Any]]


def decoded(octets: bytes, at: int = 0) -> Struct:
    """The struct that begins at `at`."""
    return _struct(octets, at)[0]


def encoded(struct: Struct) -> bytes:
    """The octets of a struct."""
    made = bytearray()
    _put_struct(made, struct)
    return bytes(made)


def _number(octets: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits an octet, the lowest first, and what is behind it."""
    octet = octets[at]
    if octet < 0x80:
        return octet, at + 1
    number, shift = octet & 0x7F, 7
    while True:
        at += 1
        octet = octets[at]
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            return number, at + 1
        shift += 7


def _struct(octets: bytes, at: int) -> tuple[Struct, int]:
    made: Struct = {}
    field = 0
    while head := octets[at]:
        at += 1
        if head >> 4:
            field += head >> 4
        else:
            number, at = _number(octets, at)
            field = number >> 1 ^ -(number & 1)
        kind = head & 0x0F
        value, at = _value(octets, at, kind)
        made[field] = (kind, value)
    return made, at + 1


def _value(octets: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in (I16, I32, I64):
        number, at = _number(octets, at)
        return number >> 1 ^ -(number & 1), at
    if kind == BINARY:
        length, at = _number(octets, at)
        return octets[at : at + length], at + length
    if kind == STRUCT:
        return _struct(octets, at)
    if kind in (LIST, SET):
        return _list(octets, at)
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if kind == MAP:
        return _map(octets, at)
    if kind == UUID:
        return octets[at : at + 16], at + 16
    if kind == BYTE:
        return octets[at], at + 1
    if kind == DOUBLE:
        return packing.unpack_from("<d", octets, at)[0], at + 8
    raise ValueError(f"there is no type {kind}")


def _list(octets: bytes, at: int) -> tuple[tuple[int, list[Any]], int]:
    head = octets[at]
    length, kind = head >> 4, head & 0x0F
    at += 1
    if length == _LONG:
        length, at = _number(octets, at)
    elements = []
    for _ in range(length):
        value, at = _element(octets, at, kind)
        elements.append(value)
    return (kind, elements), at


def _map(octets: bytes, at: int) -> tuple[tuple[int, int, list[tuple[Any, Any]]], int]:
    length, at = _number(octets, at)
    if not length:
        return (0, 0, []), at
    kinds, at = divmod(octets[at], 16), at + 1
    pairs = []
    for _ in range(length):
        key, at = _element(octets, at, kinds[0])
        value, at = _element(octets, at, kinds[1])
        pairs.append((key, value))
    return (*kinds, pairs), at


def _element(octets: bytes, at: int, kind: int) -> tuple[Any, int]:
    """A value that stands in a row with others, where a truth value has an octet of its own."""
    return (octets[at] == TRUE, at + 1) if kind in (TRUE, FALSE) else _value(octets, at, kind)


def _put_number(made: bytearray, number: int) -> None:
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)


def _put_struct(made: bytearray, struct: Struct) -> None:
    before = 0
    for field, (kind, value) in struct.items():
        further = field - before
        if 0 < further < _LONG + 1:
            made.append(further << 4 | kind)
        else:
            made.append(kind)
            _put_number(made, field << 1 ^ field >> 63)
        _put_value(made, kind, value)
        before = field
    made.append(0)


def _put_value(made: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _put_number(made, value << 1 ^ value >> 63)
    elif kind == BINARY:
        _put_number(made, len(value))
        made += value
    elif kind == STRUCT:
        _put_struct(made, value)
    elif kind in (LIST, SET):
        _put_list(made, *value)
    elif kind == MAP:
        _put_map(made, *value)
    elif kind == UUID:
        made += value
    elif kind == BYTE:
        made.append(value)
    elif kind == DOUBLE:
        made += packing.pack("<d", value)


def _put_list(made: bytearray, kind: int, elements: list[Any]) -> None:
    if len(elements) < _LONG:
        made.append(len(elements) << 4 | kind)
    else:
        made.append(_LONG << 4 | kind)
        _put_number(made, len(elements))
    for value in elements:
        _put_element(made, kind, value)


def _put_map(made: bytearray, key: int, kind: int, pairs: list[tuple[Any, Any]]) -> None:
    _put_number(made, len(pairs))
    if pairs:
        made.append(key << 4 | kind)
    for name, value in pairs:
        _put_element(made, key, name)
        _put_element(made, kind, value)


def _put_element(made: bytearray, kind: int, value: Any) -> None:
    if kind in (TRUE, FALSE):
        made.append(TRUE if value else FALSE)
    else:
        _put_value(made, kind, value)
