"""How the simulated Google says no."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse


class ApiError(Exception):
    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message


def failure(code: int, reason: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return JSONResponse({"error": {"errors": errors, "code": code, "message": message}}, code, headers)


async def refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return failure(error.code, error.reason, error.message)


async def invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return failure(400, "invalid", "Invalid value")
