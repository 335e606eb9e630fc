"""A service that costs next to nothing: three prepared answers over connections that stay open.

It is a process of its own, prints the port that it has on loopback, and ends with its input. It
reads nothing of a request but its first line and its length, so it says yes to any signature.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from email.utils import formatdate
from typing import ClassVar

from benchmarks import answers
from benchmarks.contenders import RUN

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END = b"\r\n\r\n"


def answer(status: str, body: object) -> bytes:
    """Return an answer as it goes on the wire, but for its first line's end and its date."""
    content = json.dumps(body).encode()
    headers = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        f"x-amzn-RequestId: {answers.UUID}\r\nx-amz-apigw-id: Xk3f9HgWvHcEJ1A=\r\n"
        "Connection: keep-alive\r\nDate: "
    )
    return headers.encode() + b"{date}" + END + content


ANSWERS = {
    (b"GET", b"/run/" + RUN.encode()): answer("200 OK", answers.GET_RUN),
    (b"GET", b"/run"): answer("200 OK", answers.LIST_RUNS),
    (b"POST", b"/run"): answer("201 Created", answers.START_RUN),
}
UNKNOWN = answer("404 Not Found", {"message": "the stub has no answer to this"})


class Connection(asyncio.Protocol):
    """One connection of a client."""

    dated: ClassVar[dict[bytes, bytes]] = {}
    """Each answer with the date of this second."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  (TCP has no other)
        self._transport, self._unread = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._unread += data
        while (end := self._unread.find(END)) >= 0:
            head = self._unread[:end]
            length = LENGTH.search(head)
            size = end + len(END) + (int(length[1]) if length else 0)
            if len(self._unread) < size:
                return
            self._unread = self._unread[size:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        found = ANSWERS.get((method, target.partition(b"?")[0]), UNKNOWN)
        self._transport.write(self.dated[found])


async def tell_time() -> None:
    """Keep the date of the answers right, for clients that look at it."""
    while True:
        date = formatdate(usegmt=True).encode()
        Connection.dated = {
            one: one.replace(b"{date}", date, 1) for one in (*ANSWERS.values(), UNKNOWN)
        }
        await asyncio.sleep(1)


async def serve() -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()
    clock = loop.create_task(tell_time())
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    clock.cancel()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
