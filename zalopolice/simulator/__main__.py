"""`python -m zalopolice.simulator --port P --state DIR --config FILE`; listens on 127.0.0.1 only."""

import argparse
import sys
from pathlib import Path

import uvicorn

from .app import make_app
from .config import ConfigError, load_config
from .transport import ExposingProtocol
from .world import World

HOST = "127.0.0.1"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m zalopolice.simulator", description="Máy mô phỏng Zalo OA")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="directory of the simulator's memory")
    parser.add_argument("--config", type=Path, required=True, help="JSON: apps, oas, citizens")
    parser.add_argument("--verbose", action="store_true", help="log each request line")
    options = parser.parse_args()
    try:
        config = load_config(options.config)
    except ConfigError as error:
        sys.exit(f"simulator: {error}")
    world = World(config, options.state, f"http://{HOST}:{options.port}")
    # Request lines would carry user ids in their query; a log of the demo must not.
    uvicorn.run(
        make_app(world),
        host=HOST,
        port=options.port,
        http=ExposingProtocol,
        access_log=options.verbose,
        log_level="info",
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
