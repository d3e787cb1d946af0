"""The catalogue of problems: complete in both languages, and saying the same."""

import re

from pipeline import issues


def test_the_catalogue_says_the_same_in_both_languages():
    """Every code has Spanish words of its own, and each text fills in the same parts."""
    english, spanish = issues.catalogue("en"), issues.catalogue("es")
    parts = re.compile(r"\[\[|\]\]|\{\w+\}")
    assert list(english) == list(spanish)
    for code, kind in english.items():
        other = spanish[code]
        assert kind.severity == other.severity
        for name in ("title", "message", "remedy"):
            ours, theirs = getattr(kind, name), getattr(other, name)
            assert ours != theirs, code
            assert sorted(parts.findall(ours)) == sorted(parts.findall(theirs)), (code, name)
            assert set(re.findall(r"--[a-z-]+", ours)) == set(re.findall(r"--[a-z-]+", theirs)), (code, name)
