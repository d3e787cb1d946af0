"""Turn objects into bytes of a pipe between two of our own processes, and back: pickles, and large frames as files."""

from __future__ import annotations

import contextlib
import io
import pickle
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import IO, Any

import polars as pl

LARGE = 1 << 20  # bytes of a frame that goes as a file


class Frames:
    """Objects through a pipe: pickles, of which large frames lie beside as files."""

    def __init__(self, pipe: IO[bytes], folder: Path, name: str) -> None:
        """The files are in `folder` and begin with `name`."""
        self._pipe, self._folder, self._name = pipe, folder, name
        self._numbers = count()

    @property
    def place(self) -> tuple[str, str]:
        """Where the files are, for the other end of the pipe."""
        return str(self._folder), self._name

    def put(self, what: Any) -> None:
        """Send an object."""
        text = io.BytesIO()
        _Pickler(text, self._new).dump(what)
        self._pipe.write(text.getbuffer())
        self._pipe.flush()

    def get(self) -> Any:
        """The next object; EOFError if there is none any more."""
        return pickle.load(self._pipe)  # noqa: S301 - a pipe between our own processes

    def _new(self) -> Path:
        return self._folder / f"{self._name}{next(self._numbers)}.ipc"


class _Pickler(pickle.Pickler):
    def __init__(self, text: IO[bytes], new: Callable[[], Path]) -> None:
        super().__init__(text, pickle.HIGHEST_PROTOCOL)
        self._new = new

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, pl.DataFrame) and thing.estimated_size() > LARGE:
            path = self._new()
            # Texts one behind the other: to read them back costs less than with polars' own layout.
            thing.write_ipc(path, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
            return _taken, (str(path),)
        return NotImplemented


def _taken(name: str) -> pl.DataFrame:
    """The frame of a file, which is not needed any more."""
    frame = pl.read_ipc(name)
    with contextlib.suppress(OSError):  # where a file that is read cannot be removed, it goes with its folder
        Path(name).unlink()
    return frame
