"""The emulator on loopback: the standard library's threading server, HTTP/1.1 with keep-alive."""

from __future__ import annotations

import ipaddress
import os
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias, cast

from omics_runs._clock import Clock, ScaledClock, SystemClock, VirtualClock
from omics_runs.emulator._http import HANG, Received, Refusal, Reply, refused

Handler: TypeAlias = Callable[[Received], Reply]

POLL = 0.02
"""Seconds after which the accepting loop sees that it is to end."""

MOST_DIGITS = 10
"""Digits of the longest Content-Length that is read as a number."""

MOST_BYTES = 64 * 1024 * 1024
"""The longest body that is taken in; real ones have a hundredth of it."""

SLICE = 60.0
"""Most seconds of one wait; Windows knows no wait of months."""

PATIENCE = 5.0
"""Most seconds that closing waits for the threads of all connections together."""

NO_LINGERING = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""The value of SO_LINGER with which closing throws away what is unsent, and sends an RST."""

MISTAKE = refused(
    Refusal(500, "InternalServerException", "The emulator has failed; its console says how.")
)
"""The answer where the emulator itself has failed. In process the exception is raised instead."""


class LoopbackServer(ThreadingHTTPServer):
    """Serves an emulator until it is closed, and leaves neither threads nor sockets behind."""

    request_queue_size = 128  # the standard library's 5 refuses a few dozen clients at once
    # On Windows the option would let two servers share a port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, host: str, port: int, handle: Handler, clock: Clock) -> None:
        self.handle_received = handle
        self.clock = clock
        self.closing = threading.Event()
        self.to_reset: set[socket.socket] = set()
        """Connections that are to end by a reset."""
        # Touched by the accepting loop, and by nobody else until that has ended.
        self._connections: dict[threading.Thread, socket.socket] = {}
        super().__init__((host, port), _Connection)

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def server_bind(self) -> None:
        """Bind, without the look-up of the host's full name that may ask the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a new connection."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self._connections = {t: c for t, c in self._connections.items() if t.is_alive()}
        self._connections[thread] = request
        thread.start()

    def server_close(self) -> None:
        """Close the port and every connection, and wait until their threads have ended."""
        self.closing.set()
        super().server_close()
        for connection in self._connections.values():
            _hang_up(connection)
        deadline = time.monotonic() + PATIENCE
        for thread in self._connections:
            thread.join(max(0.0, deadline - time.monotonic()))

    def shutdown_request(self, request: Any) -> None:
        """End a connection; one that is to be reset says no farewell first."""
        if request in self.to_reset:
            self.to_reset.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent about clients that went away; report what is the emulator's own fault."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client was first
        connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    """One connection, which answers one request after another."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    error_content_type = "application/json"
    error_message_format = '{"message": "%(message)s"}'

    @property
    def loopback(self) -> LoopbackServer:
        """The server that this connection was made to."""
        return cast("LoopbackServer", self.server)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; `Emulator.requests` knows it all."""

    def handle_expect_100(self) -> bool:
        """Let a client send its body that waits for leave to."""
        leave = super().handle_expect_100()
        self.wfile.flush()
        return leave

    def answer(self) -> None:
        """Answer the request whose head has just been read."""
        try:
            received = self._received()
        except Refusal as refusal:
            self.send_error(refusal.status, refusal.message)
            return
        reply = self._reply_to(received)
        if reply.drop == "reset":
            self._reset()
        elif self.loopback.closing.is_set() or _is_lost(reply):
            self.close_connection = True
        else:
            self._send(reply)

    def _reply_to(self, received: Received) -> Reply:
        """Return the answer once it is due; what nobody expected is told, and answered by a 500."""
        try:
            reply = self.loopback.handle_received(received)
            self._wait(reply.delay)
        except Exception:  # noqa: BLE001  (the emulator's own mistake, whatever it is)
            self.loopback.handle_error(self.connection, self.client_address)
            return MISTAKE
        return reply

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Answer any method: the standard library looks for `do_GET` and the like."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def _received(self) -> Received:
        length = self._content_length()
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError  # half a request is none
        return Received(
            method=self.command,
            target=self.requestline.split()[1],  # self.path has lost a second leading slash
            headers=tuple(self.headers.items()),
            body=body,
        )

    def _content_length(self) -> int:
        """Return how long the body is; after a refusal nobody knows where the next one begins."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Refusal(411, "", "A body must come with its Content-Length.")
        if len(length) > MOST_DIGITS or int(length) > MOST_BYTES:
            self.close_connection = True
            raise Refusal(413, "", "The body is too large.")
        return int(length)

    def _wait(self, delay: float) -> None:
        clock, closing = self.loopback.clock, self.loopback.closing
        if delay == HANG:
            closing.wait()
        elif delay > 0 and isinstance(clock, SystemClock):
            _wait_in_real_time(closing, delay, clock)
        elif delay > 0 and isinstance(clock, VirtualClock):
            clock.sleep(delay, given_up=closing)
        elif delay > 0:
            clock.sleep(delay)

    def _reset(self) -> None:
        """End the connection by an RST, which closing without lingering sends."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
        self.loopback.to_reset.add(self.connection)
        self.close_connection = True

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        half = reply.drop == "mid-body"
        self.close_connection = self.close_connection or half
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) // 2] if half else reply.body)


def _is_lost(reply: Reply) -> bool:
    """Return whether nothing of an answer is sent; one without a body has no middle."""
    cut = reply.drop == "mid-body" and not reply.body
    return reply.drop is True or reply.delay == HANG or cut


def _wait_in_real_time(closing: threading.Event, delay: float, clock: SystemClock) -> None:
    """Wait for `delay` seconds of a clock, or until the server is closing."""
    speed = clock.speed if isinstance(clock, ScaledClock) else 1.0
    until = clock.monotonic() + delay
    while (left := until - clock.monotonic()) > 0 and not closing.wait(min(left / speed, SLICE)):
        continue


def check_loopback(host: str) -> None:
    """Refuse an address that others could reach.

    Raises:
        ValueError: It is not a loopback address.
    """
    if host == "localhost":
        return
    try:
        is_loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        msg = f"the emulator serves loopback addresses such as 127.0.0.1 only, not {host!r}"
        raise ValueError(msg)


@contextmanager
def serving(host: str, port: int, handle: Handler, clock: Clock) -> Generator[str, None, None]:
    """Serve in a thread for the time of a `with` block; gives the URL.

    Raises:
        ValueError: The address is no loopback address.
        OSError: The port can't be had.
    """
    check_loopback(host)
    with LoopbackServer(host, port, handle, clock) as server:
        loop = threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True)
        loop.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            loop.join()
