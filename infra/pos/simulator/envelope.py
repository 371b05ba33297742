"""How the simulated interface says no."""

from typing import Any
from uuid import uuid4

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse


class ApiError(Exception):
    def __init__(self, status: int, title: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.headers = status, title, headers


def envelope(
    status: int, title: str, errors: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    content = {
        "type": f"https://httpstatuses.io/{status}",
        "title": title,
        "status": status,
        "traceId": uuid4().hex,
        "errors": errors or {},
        "data": {},
    }
    return JSONResponse(content, status, headers)


async def refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return envelope(error.status, error.title, headers=error.headers)


async def invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = {".".join(str(part) for part in item["loc"][1:]): [item["msg"]] for item in error.errors()}
    return envelope(400, "One or more validation errors occurred.", errors)
