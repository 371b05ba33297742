"""Paths of a mounted application, and which of them are the same."""

import re

from starlette.routing import compile_path
from starlette.types import Scope


def path_within(scope: Scope) -> str:
    """The request's path below the place where the application is mounted."""
    path: str = scope["path"]
    return path[len(scope.get("root_path", "")) :]


def is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether `path` is one of `prefixes` or lies below one."""
    return any(path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/") for prefix in prefixes)


def either_form(template: str) -> re.Pattern[str]:
    """Matches the paths of a route template with and without a slash at the end."""
    pattern = compile_path(template.rstrip("/"))[0].pattern if template.rstrip("/") else "^$"
    return re.compile(pattern.removesuffix("$") + "/?$")
