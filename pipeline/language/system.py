"""Turn what the operating system says of a file into the spoken language."""

from __future__ import annotations

from pipeline.language import later, say

TEXTS = (
    later("Permission denied"), later("No such file or directory"), later("Is a directory"), later("Not a directory"),
    later("File exists"), later("No space left on device"), later("Read-only file system"), later("Disk quota exceeded"),
    later("File name too long"), later("Input/output error"), later("Operation not permitted"), later("Directory not empty"),
    later("Resource temporarily unavailable"), later("Too many open files"), later("Invalid argument"), later("File too large"),
    later("Connection refused"), later("Address already in use"), later("Broken pipe"), later("No such device"),
)  # fmt: skip
"""What may be said; anything else stays as the system says it."""


def why(error: OSError) -> str:
    """The reason that the system gives."""
    return say(error.strerror) if error.strerror else str(error)
