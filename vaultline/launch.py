"""Starts one program so that it ends with its parent and, where told, runs as another user; a script of its own.

    python -I -S launch.py --parent PID --death-signal N [--user NAME] [--closed-folders] -- COMMAND…

It replaces itself by the command. The standard library is all it needs, so it starts in milliseconds.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityWord(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def main() -> None:
    """Read the arguments, change user, bind the life to the parent's, and become the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--closed-folders", action="store_true")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    libc = ctypes.CDLL(None, use_errno=True)
    if arguments.user:
        _become(libc, arguments.user, closed_folders=arguments.closed_folders)
    # After the change of user, which would clear it.
    _check(libc.prctl(PR_SET_PDEATHSIG, arguments.death_signal, 0, 0, 0))
    if os.getppid() != arguments.parent:
        os.kill(os.getpid(), signal.SIGKILL)
    os.execvp(arguments.command[0], arguments.command)  # noqa: S606  # to become the program is the point


def _become(libc: ctypes.CDLL, name: str, *, closed_folders: bool) -> None:
    """Drop root for the user, keeping one right where folders on the way are closed to others (such as /root).

    That right (CAP_DAC_OVERRIDE) is given to this program alone, instead of opening the folders to everyone.
    """
    account = pwd.getpwnam(name)
    if closed_folders:
        # Otherwise access(2), by which programs look for their own files, ignores the right.
        _check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    if closed_folders:
        right = 1 << CAP_DAC_OVERRIDE
        words = (_CapabilityWord * 2)(_CapabilityWord(right, right, right), _CapabilityWord(0, 0, 0))
        _check(libc.capset(ctypes.byref(_CapabilityHeader(CAPABILITY_VERSION_3, 0)), words))
        _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))
    os.environ.update(HOME="/", USER=name, LOGNAME=name)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        sys.exit(f"launch: {os.strerror(number)}")


if __name__ == "__main__":
    main()
