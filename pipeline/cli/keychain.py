"""Turn a target's secret into an entry of the system's keyring, and back; where there is no keyring, nothing is found.

The entry's service is `customer-import`; its name is that of the variable, behind the profile where one was named
(`acme/PIRIOD_API_TOKEN`).
"""

from __future__ import annotations

from functools import cache
from types import ModuleType

from pipeline.errors import Misuse
from pipeline.language import say

SERVICE = "customer-import"
INSTALL = "pip install 'customer-import[keyring]'"


def entry(variable: str, profile: str | None) -> str:
    """The name of an entry."""
    return f"{profile}/{variable}" if profile else variable


@cache
def recall(variable: str, profile: str | None) -> str | None:
    """What is stored; None where nothing is, or where no keyring can be asked (a scheduled job has none). Asked once."""
    try:
        found = _keyring().get_password(SERVICE, entry(variable, profile))
    except Exception:  # noqa: BLE001 - locked, no session, no backend, not installed: each has errors of its own
        return None
    return str(found).strip() or None if found is not None else None


def store(variable: str, profile: str | None, value: str) -> str:
    """Store a secret and read it back; the answer is the name of the keyring.

    Raises:
        Misuse: there is no keyring, or it does not keep what it is given.
    """
    keyring = _keyring()
    recall.cache_clear()
    try:
        keyring.set_password(SERVICE, entry(variable, profile), value)
        kept = keyring.get_password(SERVICE, entry(variable, profile)) == value
    except Exception as error:  # noqa: BLE001 - see recall; what it says may hold the secret, so it is not passed on
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Misuse(
            say("the system's keyring cannot be used: {why}", why=why.replace(value, "***")),
            say("Unlock it, or put {variable} into the environment or into a file .env.", variable=variable),
        ) from None
    if not kept:
        raise Misuse(
            say("the system's keyring did not keep the secret"),
            say("Put {variable} into the environment or into a file .env.", variable=variable),
        )
    return str(keyring.get_keyring().name)


def remove(variable: str, profile: str | None) -> bool:
    """Remove a secret; False where there was none.

    Raises:
        Misuse: the keyring cannot be used.
    """
    if recall(variable, profile) is None:
        return False
    try:
        _keyring().delete_password(SERVICE, entry(variable, profile))
        recall.cache_clear()
    except Exception as error:
        wrong = say("the system's keyring cannot be used: {why}", why=error)
        raise Misuse(wrong, say("Unlock it, then try again.")) from error
    return True


def _keyring() -> ModuleType:
    """The library, which is imported late: it is optional, and takes its time.

    Raises:
        Misuse: it is not installed.
    """
    try:
        import keyring
    except ImportError as error:
        raise Misuse(
            say("storing secrets needs the package keyring, which is not installed"),
            say("{command}, or put the secrets into the environment or into a file .env.", command=INSTALL),
        ) from error
    return keyring
