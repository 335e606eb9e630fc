"""The services that hand out keys, on loopback: what an instance, a container or a login asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import attrs


class Answer(NamedTuple):
    """What a service says."""

    body: str
    status: int = 200


class Question(NamedTuple):
    """What a service is asked."""

    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    headers: Mapping[str, str]


class Keys(NamedTuple):
    """Keys under the names that most services give them."""

    AccessKeyId: str
    SecretAccessKey: str
    Token: str
    Expiration: str


@attrs.define
class KeyServices:
    """Gives out one pair of keys, each time with another session token."""

    access_key: str
    secret_key: str
    lifetime: timedelta = timedelta(hours=1)
    issued: int = 0
    questions: list[Question] = attrs.field(factory=list[Question])
    failure: Answer | None = None
    """What every service says instead of giving keys."""

    def issue(self) -> Keys:
        """Return new keys."""
        self.issued += 1
        end = datetime.now(UTC) + self.lifetime
        token = f"token-{self.issued}"
        return Keys(self.access_key, self.secret_key, token, end.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def answer(self, question: Question) -> Answer:
        """Answer as the service would that has this path."""
        self.questions.append(question)
        return self.failure or SERVICES[question.path](self, question)

    @contextmanager
    def served(self) -> Generator[str]:
        """Serve on loopback; yield the URL."""

        class Handler(BaseHTTPRequestHandler):
            def answer(handler) -> None:  # noqa: N805 - `self` is the services
                length = int(handler.headers.get("Content-Length") or 0)
                url = urlsplit(handler.path)
                form = parse_qs(handler.rfile.read(length).decode())
                question = Question(url.path, parse_qs(url.query), form, dict(handler.headers))
                body, status = self.answer(question)
                handler.send_response(status)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body.encode())

            do_GET = do_PUT = do_POST = answer  # noqa: N815 - the library's names

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


def _sts(services: KeyServices, question: Question) -> Answer:
    (action,) = question.form["Action"]
    keys = services.issue()
    members = {
        "AccessKeyId": keys.AccessKeyId,
        "SecretAccessKey": keys.SecretAccessKey,
        "SessionToken": keys.Token,
        "Expiration": keys.Expiration,
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    return Answer(
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
        f"<Credentials>{inner}</Credentials></{action}Result></{action}Response>"
    )


def _sso(services: KeyServices, question: Question) -> Answer:
    assert question.headers["x-amz-sso_bearer_token"] == "login-token"
    assert question.query == {"role_name": ["r"], "account_id": ["123456789012"]}
    keys = services.issue()
    end = datetime.fromisoformat(keys.Expiration)
    role = {
        "accessKeyId": keys.AccessKeyId,
        "secretAccessKey": keys.SecretAccessKey,
        "sessionToken": keys.Token,
        "expiration": int(end.timestamp() * 1000),
    }
    return Answer(json.dumps({"roleCredentials": role}))


def _container(services: KeyServices, question: Question) -> Answer:
    if question.headers.get("Authorization") != "container-token":
        return Answer("who are you?", 403)
    return _document(services)


def _instance(services: KeyServices, question: Question) -> Answer:
    assert question.headers["x-aws-ec2-metadata-token"] == "metadata-token"
    return _document(services)


def _document(services: KeyServices) -> Answer:
    return Answer(json.dumps(services.issue()._asdict()))


def _process(services: KeyServices, question: Question) -> Answer:
    del question
    document = services.issue()._asdict()
    return Answer(json.dumps({"Version": 1, "SessionToken": document.pop("Token"), **document}))


Service = Callable[[KeyServices, Question], Answer]
ROLES = "/latest/meta-data/iam/security-credentials/"
SERVICES: dict[str, Service] = {
    "/": _sts,
    "/federation/credentials": _sso,
    "/container": _container,
    "/latest/api/token": lambda *_: Answer("metadata-token"),
    ROLES: lambda *_: Answer("role"),
    f"{ROLES}role": _instance,
    "/process": _process,
}


def refusal(code: str, status: int) -> Answer:
    """Return how STS refuses."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
    return Answer(f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>", status)
