"""`python -m infra.calendar.simulator --port 8200`"""

import argparse

import uvicorn

from infra.calendar.simulator.app import build


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m infra.calendar.simulator", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8200)
    chosen = options.parse_args()
    uvicorn.run(build(), host=chosen.host, port=chosen.port, log_level="warning")


if __name__ == "__main__":
    main()
