"""Swagger UI, ReDoc and the OpenAPI document, from our own server: no content delivery network is asked."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

PAGES = ("/docs", "/redoc", "/openapi.json")
_ASSETS_PATH = "/docs-assets"


def assets() -> Mount:
    """The scripts and styles that the fastapi-offline wheel carries, for the root application."""
    # Its own FastAPI factory mounts them in every sub-application, behind the limits and checks of each.
    folder = Path(fastapi_offline.__file__).parent / "static"
    return Mount(_ASSETS_PATH, StaticFiles(directory=folder))


def add_documentation(app: FastAPI) -> None:
    async def swagger(request: Request) -> Response:
        return swagger_page(request, app.title, request.scope.get("root_path", "") + "/openapi.json")

    async def redoc(request: Request) -> Response:
        return redoc_page(request, app.title, request.scope.get("root_path", "") + "/openapi.json")

    async def openapi(request: Request) -> Response:
        return openapi_document(app, request.scope.get("root_path", ""))

    for path, endpoint in zip(PAGES, (swagger, redoc, openapi), strict=True):
        app.add_route(path, endpoint, include_in_schema=False)


def openapi_document(app: FastAPI, server: str) -> Response:
    """The app's document with `server` (a path) as the place that its paths are below."""
    return JSONResponse({**app.openapi(), "servers": [{"url": server or "/"}]})


def swagger_page(request: Request, title: str, document: str) -> HTMLResponse:
    place = _assets_of(request)
    return get_swagger_ui_html(
        openapi_url=document,
        title=title,
        swagger_js_url=f"{place}/swagger-ui-bundle.js",
        swagger_css_url=f"{place}/swagger-ui.css",
        swagger_favicon_url=f"{place}/favicon.png",
    )


def redoc_page(request: Request, title: str, document: str) -> HTMLResponse:
    place = _assets_of(request)
    return get_redoc_html(
        openapi_url=document,
        title=title,
        redoc_js_url=f"{place}/redoc.standalone.js",
        redoc_favicon_url=f"{place}/favicon.png",
        with_google_fonts=False,
    )


def _assets_of(request: Request) -> str:
    # Inside a mount `root_path` has the mount's path too; this is the part before it, e.g. a proxy's prefix.
    outer: str = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    return outer + _ASSETS_PATH


def index_page(heading: str, links: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> HTMLResponse:
    """A list of names, each with its (label, address) links."""
    items = "\n".join(
        f"<li><strong>{escape(name)}</strong>: "
        + ", ".join(f'<a href="{escape(address)}">{escape(label)}</a>' for label, address in places)
        + "</li>"
        for name, places in links
    )
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(heading)}</title>'
        f"<h1>{escape(heading)}</h1><ul>{items}</ul></html>"
    )
