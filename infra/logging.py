"""One log for the whole process: structlog's lines and the standard library's, as JSON or for a terminal."""

import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from infra.masking import masked_fields
from infra.settings import Settings
from infra.telemetry import carried


def configure(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Sends structlog and the standard library's logging to `stream` (standard output is left to commands' answers)."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not stream.isatty())
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    ending: Processor = _rendered_json if as_json else structlog.dev.ConsoleRenderer(event_key="message")
    structlog.configure(
        processors=[*_SHARED, ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # uvicorn adds each message a second time, with the escape codes of a terminal.
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                _uncoloured,
                *_SHARED,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, ending],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Its INFO tells of every plugin; that a migration was carried out is said by `infra.migrations`.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # The request line of `api.observation` says more.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(_tells_no_address)


def _tells_no_address(record: logging.LogRecord) -> bool:
    # uvicorn tells of each web socket with its whole query, which says who connects.
    return '"WebSocket ' not in str(record.msg)


def _uncoloured(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)
    return event


def _located(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """When, how grave, what, and for which request and trace."""
    line: EventDict = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": method.upper().replace("EXCEPTION", "ERROR"),
        "message": event.pop("event", ""),
    }
    line.update(event)
    for name, value in carried().items():
        line.setdefault(name, value)
    return line


def _private_masked(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return masked_fields(dict(event))


def _rendered_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


# Tracebacks become text before the masking: the terminal renderer's own show every local variable, personal ones too.
# What `_located` adds is ours and needs no masking: 9 µs a line become 4.
_SHARED: tuple[Processor, ...] = (
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    _private_masked,
    _located,
)
