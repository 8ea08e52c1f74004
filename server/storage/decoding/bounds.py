"""The bounds that a process puts on itself before it sees the first image, and can't take off again.

In: numbers. Out: a process without environment, files, other processes or TCP, and with little memory and time. What it
has imported by then is all that it can. Landlock (Linux 5.13 or later, https://docs.kernel.org/userspace-api/landlock.html)
keeps it from opening files, among them those of /proc by which one process reads another's memory. Where a kernel
has none, its limits still hold.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress

NOBODY = 65534
FILES = 8
"""Standard streams, the two files of a job, and a few to spare."""
_NO_NEW_PRIVILEGES = 38
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""Numbers of system calls, the same on every architecture."""
_VERSION = 1


def confine(memory: int, output: int, cpu: int) -> None:
    """Bounds: bytes of address space, bytes of a file, seconds of computing in the process's whole life."""
    os.nice(10)
    os.umask(0o077)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, output),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    if os.getuid() == 0:  # as in most containers
        with suppress(OSError):  # a container may know of no other user
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    if sys.platform == "linux":  # elsewhere the address space is counted otherwise
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        _landlock()


def allow(cpu: int) -> None:
    """Seconds of computing for what comes next; the system ends the process after them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(most, int(used.ru_utime + used.ru_stime) + 1 + cpu), most))


def _landlock() -> None:
    """Rules that handle every access which the kernel knows, and allow none."""
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    version = system.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return
    files = 16 if version >= 5 else 15 if version >= 3 else 12 + version
    words = 3 if version >= 6 else 2 if version >= 4 else 1
    handled = (ctypes.c_uint64 * 3)((1 << files) - 1, 0b11, 0b11)  # files; TCP; signals and abstract sockets
    ruleset = system.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8 * words), 0)
    if ruleset < 0 or system.syscall(_RESTRICT_SELF, ruleset, 0):
        raise OSError(ctypes.get_errno(), "landlock")
    os.close(ruleset)
