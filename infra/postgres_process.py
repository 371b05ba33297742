"""Becomes a PostgreSQL program: `python postgres_process.py PARENT_PID SIGNAL IDENTITY PROGRAM [ARGUMENT...]`.

Started as a script of its own, because the steps below must happen between fork and exec, and Python code there
(`preexec_fn`) may deadlock in a process with threads. SIGNAL (`INT`, `TERM`) is what the program gets when the parent
dies, whatever it dies of. IDENTITY is one of

- `self`: stay who we are (not root);
- `namespace`: root only; a user namespace in which root's own files belong to `nobody`. PostgreSQL refuses to run as
  user id 0 and sees another one, while no file changes hands and no folder has to be opened to others;
- `UID:GID`: root only; give up root for that user (where user namespaces are forbidden).
"""

import ctypes
import os
import signal
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NOBODY = 65534


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _enter_namespace() -> None:
    _call("unshare", CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{NOBODY} 0 1"), ("gid_map", f"{NOBODY} 0 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _give_up_root(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with(parent: int, number: signal.Signals) -> None:
    """Ask the kernel for a signal when the launcher dies; after the change of identity, which clears the request.

    A shell's background job ignores SIGINT and hands that on: a program that has no handler of its own yet would stay
    for ever.
    """
    signal.signal(number, signal.SIG_DFL)
    _call("prctl", PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the launcher is gone")


def become(parent: int, number: signal.Signals, identity: str, command: list[str]) -> None:
    """Replace this process by `command`. Raises `OSError` when the identity or the program is refused."""
    if identity == "namespace":
        _enter_namespace()
    elif identity != "self":
        uid, gid = map(int, identity.split(":"))
        _give_up_root(uid, gid)
    if sys.platform == "linux":
        _die_with(parent, number)
    os.execv(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), signal.Signals[f"SIG{sys.argv[2]}"], sys.argv[3], sys.argv[4:])
