"""Turn the start of a command into a fork of a process that has imported everything and done nothing.

The command is a process of its own, with its own memory, environment, folder, files and signals, that can be killed
and limited like any other; only the half second of imports is not spent again. Run as a program, this module is the
process that is forked; `Command` is what `subprocess.Popen` is.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from typing import Any

HEAVY = ("aiohttp", "httpx", "httpx_aiohttp", "phonenumbers", "email_validator", "pycountry", "xlsxwriter", "uvicorn")
LEFT_OUT = ("pipeline.__main__", "pipeline.review.")
OWN_START = ("PYTHON", "LC_", "LANG", "POLARS_", "MALLOC_", "LD_")
AS_IT_IS = {"PYTHONUTF8": "1", "LANG": "C.UTF-8"}
"""Environment with which the process to fork is started: what differs needs an interpreter of its own."""


def possible(env: dict[str, str]) -> bool:
    """Whether a command with this environment may be a fork: nothing in it changes how Python itself starts."""
    own = {n for n in env if n.startswith(OWN_START)} - {"PYTHONDONTWRITEBYTECODE"}
    return hasattr(os, "fork") and all(env[n] == AS_IT_IS.get(n, os.environ.get(n)) for n in own)


def _plain() -> dict[str, str]:
    return {n: v for n, v in os.environ.items() if n != "POLARS_MAX_THREADS"}


class _Server:
    """The process that is forked; one for each process of the tests, started when it is first asked."""

    lock = threading.Lock()
    control: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def fork(cls, request: bytes, fds: list[int]) -> None:
        with cls.lock:
            if cls.control is None:
                cls.control, theirs = socket.socketpair()
                cls.process = subprocess.Popen([sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**_plain(), **AS_IT_IS})  # fmt: skip
                cls.process.returncode = 0  # it ends by itself, when this process has ended
                theirs.close()
            socket.send_fds(cls.control, [request], fds)


class Command(subprocess.Popen[str]):
    """`customer-import WORDS` as a running process."""

    def __init__(self, words: list[str], cwd: str, env: dict[str, str]) -> None:
        self._asked = json.dumps({"words": words, "env": env, "cwd": cwd}).encode()
        super().__init__(["customer-import", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)  # fmt: skip

    def _execute_child(self, *given: Any) -> None:
        stdin, _, _, stdout, _, stderr = ends = given[10:16]
        told, tells = os.pipe()
        _Server.fork(self._asked, [stdin, stdout, stderr, tells])
        os.close(tells)
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]
        self._told = os.fdopen(told)
        self.pid = int(self._told.readline())

    def wait(self, timeout: float | None = None) -> int:
        """As Popen's."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._told.readline() or -signal.SIGKILL)
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        """As Popen's."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self.poll()


def _import() -> None:
    """What any command imports; nothing is computed, so that no thread is started that a fork would lose."""
    import pipeline

    for name in HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if not module.name.startswith(LEFT_OUT):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _served(control: socket.socket) -> list[str]:
    """Fork for each request, and tell how each fork ended; comes back in a fork, with the words of its command."""
    woken, wakes = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready = select.select([control, woken], [], [])[0]
        if woken in ready:
            woken.recv(4096)
            while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                told = running.pop(ended[0])
                os.write(told, b"%d\n" % os.waitstatus_to_exitcode(ended[1]))
                os.close(told)
        if control in ready:
            request, fds, *_ = socket.recv_fds(control, 1 << 20, 4)
            if not request:
                os._exit(0)
            if pid := os.fork():
                running[pid] = fds.pop()
                os.write(running[pid], b"%d\n" % pid)
                for fd in fds:
                    os.close(fd)
                continue
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (control.detach(), woken.detach(), wakes.detach(), fds.pop(), *running.values()):
                os.close(fd)
            return _become(json.loads(request), fds)


def _become(asked: dict[str, Any], fds: list[int]) -> list[str]:
    """Take the files, the folder and the environment of the command."""
    for at, fd in enumerate(fds):
        os.dup2(fd, at)
        os.close(fd)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    words: list[str] = asked["words"]
    sys.path[0], sys.argv[:] = asked["cwd"], ["customer-import", *words]
    return words


def _end() -> None:
    """Run the command and end as Python ends, but for taking apart a hundred thousand objects one by one."""
    from pipeline.cli import call

    code = call()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    try:
        _import()
    except BaseException:
        traceback.print_exc()
        raise
    _served(socket.socket(fileno=int(sys.argv[1])))
    _end()
