"""How long a process runs at a time while others wait for a processor, asked of Linux's scheduler.

A task with a short slice is served sooner after it has waked up, one with a long slice later but undisturbed
(Linux 6.12 and later; Documentation/scheduler/sched-eevdf.rst). Neither gets more of the processor by it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform

logger = logging.getLogger(__name__)

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The system call's number, by architecture: glibc has it by name only since 2.41, and Python not at all."""

_POLICIES = frozenset({os.SCHED_OTHER, os.SCHED_BATCH})
"""Those with slices that can be asked for. Whoever chose another one for this process keeps it."""


class _SchedAttr(ctypes.Structure):
    """``struct sched_attr`` as ``sched_setattr(2)`` first had it, which every later kernel takes."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("sched_policy", ctypes.c_uint32),
        ("sched_flags", ctypes.c_uint64),
        ("sched_nice", ctypes.c_int32),
        ("sched_priority", ctypes.c_uint32),
        ("sched_runtime", ctypes.c_uint64),
        ("sched_deadline", ctypes.c_uint64),
        ("sched_period", ctypes.c_uint64),
    )


def ask_for_slice(slice_ms: float) -> None:
    """Ask for a slice for the calling thread; log it if the system won't have it, and go on as before.

    Args:
        slice_ms: in milliseconds, from 0.1 to 100; 0 leaves the system's own. A kernel before 6.12 says yes to any, and
            does nothing.
    """
    reason = _ask_for(slice_ms) if slice_ms else ""
    if reason:
        logger.warning("process.slice_refused", extra={"slice_ms": slice_ms, "reason": reason})


def _ask_for(slice_ms: float) -> str:
    number, policy = _SCHED_SETATTR.get(platform.machine()), os.sched_getscheduler(0)
    if number is None:
        return f"its call is unknown for {platform.machine()}"
    if policy not in _POLICIES:
        return "this process has a scheduling policy without them"
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = _SchedAttr(ctypes.sizeof(_SchedAttr), policy, 0, nice, 0, round(slice_ms * 1e6), 0, 0)
    refused = ctypes.CDLL(None, use_errno=True).syscall(number, 0, ctypes.byref(wanted), 0)
    return os.strerror(ctypes.get_errno()) if refused else ""
