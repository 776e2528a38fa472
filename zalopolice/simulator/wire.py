"""One HTTP POST without a library: the simulator must hold hundreds of deliveries open beside its own requests."""

import asyncio
import contextlib
import ssl
from urllib.parse import urlsplit


async def _exchange(url: str, body: bytes, headers: dict[str, str]) -> int:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = ssl.create_default_context() if secure else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        status_line = await reader.readline()
        pieces = status_line.split(b" ", 2)
        if len(pieces) < 2 or not pieces[1].isdigit():
            raise ConnectionError("no status line")
        return int(pieces[1])
    finally:
        writer.close()


async def post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> str:
    """The status ("200") or why there is none: "timeout", "refused". Connecting counts towards the time-out."""
    task = asyncio.ensure_future(_exchange(url, body, headers))
    try:
        return str(await asyncio.wait_for(task, timeout))
    except TimeoutError:
        return "timeout"
    except (OSError, ValueError):
        return "refused"
    finally:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
