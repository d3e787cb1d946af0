"""Turn an entry of a ZIP package into a stream of its bytes, as fast as it can be done.

Half of the time in which a large sheet is read would go to unpacking it; ISA-L needs half of what zlib needs.
"""

from __future__ import annotations

import zipfile
import zlib
from typing import IO, Any

try:
    from isal import isal_zlib
except ImportError:  # nobody has built it for this machine: the same bytes take longer
    isal_zlib = None  # type: ignore[assignment]

quickest: Any = isal_zlib or zlib
"""What packs as zlib does, as fast as it can be done on this machine."""


def unpacked(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    """The bytes of an entry, from its first to its last; what is wrong with them raises what `zipfile` raises."""
    stream = package.open(entry)
    if isal_zlib is not None and entry.compress_type == zipfile.ZIP_DEFLATED:
        stream._decompressor = _Quick()  # type: ignore[attr-defined]
    return stream


class _Quick:
    """What `zipfile` takes for a decompressor of zlib."""

    def __init__(self) -> None:
        self._inflate = isal_zlib.decompressobj(-zlib.MAX_WBITS)

    def decompress(self, data: bytes, most: int = 0) -> bytes:
        try:
            return bytes(self._inflate.decompress(data, most))
        except isal_zlib.error as error:  # type: ignore[misc]  # which is none of zlib's own
            raise zlib.error(str(error)) from error

    def flush(self) -> bytes:
        return bytes(self._inflate.flush())

    @property
    def eof(self) -> bool:
        return bool(self._inflate.eof)

    @property
    def unconsumed_tail(self) -> bytes:
        return bytes(self._inflate.unconsumed_tail)
