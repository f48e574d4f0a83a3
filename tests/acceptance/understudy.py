"""`fdi-monitor` for many calls from shells: imported once, and forked for each, so that a call costs no imports.

with understudy.ready() as tools:
    subprocess.run(["bash", "-c", "fdi-monitor check"], env={"PATH": f"{tools}:{os.environ['PATH']}"})
    understudy.reached(tools)       # where all of that has connected to, and what it looked up
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DOOR, _BOOK = "door", "reached"
_CALLER = """#!{python} -IS
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as way:
    way.connect({address!r})
    call = json.dumps({{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}})
    socket.send_fds(way, [call.encode()], [0, 1, 2])
    answer = way.makefile()
    process = int(answer.readline())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.kill(process, number))
    sys.exit(int(answer.readline() or 137))
"""


@contextmanager
def ready() -> Iterator[Path]:
    """A folder of tools with an `fdi-monitor` in it, which works while the block runs."""
    # a socket's path is short, and pytest's folders may lie deep
    with tempfile.TemporaryDirectory(prefix="fdi-") as folder:
        tools = Path(folder)
        caller = tools / "fdi-monitor"
        caller.write_text(_CALLER.format(python=sys.executable, address=str(tools / _DOOR)))
        caller.chmod(0o755)
        serving = [sys.executable, __file__, folder]
        with subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdout.readline()
            try:
                yield tools
            finally:
                server.stdin.close()


def reached(tools: Path) -> set[str]:
    """`host:port` of every connection that was begun, the path of every socket of this machine, and every name that was
    looked up."""
    return set((tools / _BOOK).read_text(encoding="utf-8").splitlines())


def _watch(book: Path) -> None:
    """Writes down where this process, and those that it becomes, go; Python itself tells, whichever library it is."""
    pages = os.open(book, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(event: str, given: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            place = given[-1]
            where = f"{place[0]}:{place[1]}" if isinstance(place, tuple) else str(place)
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            where = str(given[0])
        else:
            return
        os.write(pages, f"{where}\n".encode())

    sys.addaudithook(note)


def serve(tools: Path) -> None:
    """Does what callers ask for, each in a process of its own, until standard input ends."""
    _watch(tools / _BOOK)
    from monitor.cli import COMMANDS

    for entry in COMMANDS.values():
        entry.load()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tools / _DOOR))
        door.listen(32)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        if os.fork() == 0:
            while True:
                call, _ = door.accept()
                if os.fork() == 0:
                    door.close()
                    _perform(call)
                call.close()
        sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def _perform(call: socket.socket) -> None:
    """Becomes the process that was asked for; does not return."""
    from monitor.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, files, _, _ = socket.recv_fds(call, 1 << 20, 3)
    for number, file in enumerate(files):
        os.dup2(file, number)
    wanted = json.loads(asked)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    call.sendall(f"{os.getpid()}\n".encode())
    code = 70
    try:
        code = main(wanted["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # a bug leaves by the hook that the command has set, for this process ends here
        if (kind := sys.exc_info())[0] is not None:
            sys.excepthook(*kind)
        call.sendall(f"{code}\n".encode())
        os._exit(code)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
