"""Little servers on loopback that show what happens on their connections."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field

PATIENCE = 60
"""Seconds after which something that has to happen has not happened."""


@define
class Seen:
    """What a server has seen so far."""

    url: str
    calls: list[tuple[int, str]] = field(factory=list)
    """The client's port, which tells connections apart, and the path, of each call."""
    open: set[int] = field(factory=set)
    """The client's ports of the connections that are open."""
    stop: threading.Event = field(factory=threading.Event)
    """Set when the server is to end."""
    changed: threading.Condition = field(factory=threading.Condition)

    @property
    def ports(self) -> list[int]:
        """Return the port of each call."""
        return [port for port, _ in self.calls]

    @property
    def paths(self) -> list[str]:
        """Return the path of each call."""
        return [path for _, path in self.calls]

    def none_is_open(self) -> bool:
        """Wait until all connections are closed, and tell whether that came about."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.open, PATIENCE)

    def called(self, path: str) -> bool:
        """Wait until a path has been called, and tell whether that came about."""
        with self.changed:
            return self.changed.wait_for(lambda: path in self.paths, PATIENCE)

    def note(self, port: int, path: str) -> None:
        """Note a call."""
        with self.changed:
            self.calls.append((port, path))
            self.changed.notify_all()

    def connected(self, port: int) -> None:
        """Note that a connection was opened."""
        with self.changed:
            self.open.add(port)

    def disconnected(self, port: int) -> None:
        """Note that the client closed a connection."""
        with self.changed:
            self.open.discard(port)
            self.changed.notify_all()


def run_of(path: str) -> bytes:
    """Return the run whose id is the last part of a path."""
    run = {"id": path.rpartition("/")[2], "arn": "a", "status": "RUNNING"}
    return json.dumps(run).encode()


@contextmanager
def serving_runs(tls: ssl.SSLContext | None = None) -> Iterator[Seen]:
    """Answer each GetRun with a run of that id, over connections that stay open."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            port = self.client_address[1]
            seen.connected(port)
            with suppress(OSError):  # a handshake that the client breaks off
                super().handle()
            seen.disconnected(port)

        def do_GET(self) -> None:
            seen.note(self.client_address[1], self.path)
            body = run_of(self.path)
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    with closing(Server(("127.0.0.1", 0), Handler)) as server, ExitStack() as ending:
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        seen = Seen(f"http{'s' * bool(tls)}://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        ending.callback(thread.join)
        ending.callback(server.shutdown)
        yield seen


class Server(ThreadingHTTPServer):
    """A server that does not wait for clients which keep their connections open."""

    daemon_threads = True
    request_queue_size = 128

    def close(self) -> None:
        """Close the listening socket."""
        self.server_close()


@contextmanager
def serving_raw(answer: Callable[[socket.socket, Seen], None]) -> Iterator[Seen]:
    """Have a function answer each connection's only call, which comes without a body."""

    def serve() -> None:
        while not seen.stop.is_set():
            connection, address = listener.accept()
            thread = threading.Thread(target=talk, args=(connection, address[1]))
            thread.start()
            threads.append(thread)

    def talk(connection: socket.socket, port: int) -> None:
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("rb") as lines:
            line = lines.readline().split()
            if line:
                seen.connected(port)
                while lines.readline().strip():
                    continue
                seen.note(port, line[1].decode())
                with suppress(OSError):  # the client has closed the connection
                    answer(connection, seen)
                seen.disconnected(port)

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        host, port = listener.getsockname()
        seen = Seen(f"http://{host}:{port}")
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield seen
        finally:
            seen.stop.set()
            socket.create_connection((host, port)).close()  # wakes the listener up
            for one in (thread, *threads):
                one.join()
