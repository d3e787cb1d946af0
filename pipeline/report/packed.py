"""Turn the parts of a workbook into a compressed package, as fast as it can be done.

Most of a workbook's time would be spent on compression: ISA-L needs a quarter of what zlib needs, for a smaller file.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from pipeline.inflate import quickest as deflate

LEVEL = 1  # a higher one takes twice as long for a file a twentieth smaller


class Package:
    """A zip file that grows part by part; `path` must exist (a scratch file of the run folder)."""

    def __init__(self, path: Path) -> None:
        """Begin without a part."""
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)

    def part(self, name: str, *, large: bool = True) -> IO[bytes]:
        """A new part to be written, of any size if it may be `large`; it must be closed before the next one."""
        return _Part(self._zip.open(name, "w", force_zip64=large))  # type: ignore[return-value]

    def put(self, name: str, content: bytes) -> None:
        """Write a whole part."""
        with self.part(name, large=False) as opened:
            opened.write(content)

    def close(self) -> None:
        """Complete the file; more than once does no harm."""
        self._zip.close()


class _Part(io.BufferedIOBase):
    """A part in the making: as zipfile would write it, but for who compresses and sums it up."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened
        opened._compressor = deflate.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)

    def write(self, octets: Any) -> int:
        opened = self._opened
        packed = opened._compressor.compress(octets)
        opened._file_size += len(octets)
        opened._compress_size += len(packed)
        opened._crc = deflate.crc32(octets, opened._crc)  # zlib's takes ten times as long
        opened._fileobj.write(packed)
        return len(octets)

    def close(self) -> None:
        self._opened.close()
        super().close()
