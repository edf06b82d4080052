"""A process with a store in SQLite whose disk fails: ``failing_disk.py path scenario``. Prints what each append did.

The ``limit`` scenarios bound the size of files, and lift that again. In the others the kernel fails system calls by a
seccomp filter, for good: all writes or all syncs, or only the syncs of the database file and not of its log.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys

from actors.facts import PaymentSettled, PaymentTaken
from rinha.store.sqlite import store as sqlite
from rinha.store.sqlite.store import SqliteStore

CALLS = {
    "x86_64": {"pwrite64": 18, "fsync": 74, "fdatasync": 75},
    "aarch64": {"pwrite64": 68, "fsync": 82, "fdatasync": 83},
}
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16
ALLOW, FAIL = 0x7FFF0000, 0x00050000
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2


def fail_calls(error: int, *names: str, descriptor: int | None = None) -> None:
    """Let these system calls of this thread fail from now on; with a descriptor, only on that.

    Source: https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
    """
    count = len(names)
    program = [(LOAD, 0, 0, NUMBER_AT)]
    program += [(JUMP_IF_EQUAL, count - place, 0, CALLS[platform.machine()][name]) for place, name in enumerate(names)]
    program.append((RETURN, 0, 0, ALLOW))
    if descriptor is not None:
        program += [(LOAD, 0, 0, FIRST_ARGUMENT_AT), (JUMP_IF_EQUAL, 0, 1, descriptor)]
    program += [(RETURN, 0, 0, FAIL | error), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SECCOMP, FILTER, ctypes.c_char_p(header), 0, 0)):
        if libc.prctl(*arguments) != 0:
            print("no seccomp", os.strerror(ctypes.get_errno()))
            sys.exit(0)


def descriptor_of(path: str) -> int:
    return next(int(each) for each in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{each}") == path)


def limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def append(store: SqliteStore, number: int, rows: int = 100) -> None:
    """One taken payment, and settled ones that make it many pages."""
    try:
        settled = [PaymentSettled(os.urandom(16), "default", 1, 1, 0) for _ in range(rows)]
        store.append([PaymentTaken(number.to_bytes(16), 1, 0), *settled])
        print("written")
    except Exception as error:
        print(type(error).__name__, error)


def main(path: str, scenario: str) -> None:
    store = SqliteStore(path)
    append(store, 1, 8000)
    store.close()
    store.epoch()
    if scenario == "limit":
        append(store, 2)
        limit_files(os.path.getsize(f"{path}-wal") + 10_000)
        append(store, 3)
        append(store, 4)
        limit_files(resource.RLIM_INFINITY)
        append(store, 5)
    elif scenario == "limit at checkpoint":
        sqlite.CHECKPOINT_PAGES = 1
        before = os.path.getsize(path)
        limit_files(before)
        append(store, 2)
        limit_files(resource.RLIM_INFINITY)
        append(store, 3)
        print("grown" if os.path.getsize(path) > before else "not grown")
    elif scenario == "sync at checkpoint":
        append(store, 2)
        sqlite.CHECKPOINT_PAGES = 1
        fail_calls(errno.EIO, "fsync", "fdatasync", descriptor=descriptor_of(path))
        append(store, 3)
        append(store, 4)
    else:
        append(store, 2)
        names = ("pwrite64",) if scenario.startswith("write") else ("fsync", "fdatasync")
        fail_calls(errno.ENOSPC if scenario == "write: no space" else errno.EIO, *names)
        append(store, 3)
        append(store, 4)
    # As a process that must end does: nothing is tidied up.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
