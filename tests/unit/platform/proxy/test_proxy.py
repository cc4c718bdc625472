"""The proxy between a real client of TLS and a server of HTTP that says what reached it."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ProxyConnectionError

from pairloom.errors import PlatformError
from pairloom.platform.proxy.authority import CERTIFICATE, authority_of
from pairloom.platform.proxy.server import ApiAddress, ConnectProxy

STS = "sts.us-east-1.amazonaws.com"
TELEMETRY = "sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com"


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it received."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {"host": self.headers["Host"], "path": self.path, "length": len(body)}
        content = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class RunningProxy:
    port: int
    ca_folder: Path

    def client(self, host: str, *, trusted: bool = True) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(
            cafile=self.ca_folder / CERTIFICATE if trusted else None
        )
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=context, timeout=10
        )
        connection.set_tunnel(host, 443)
        return connection

    def boto(self, service: str, **settings: Any) -> Any:
        return boto3.session.Session().client(
            service,
            region_name="us-east-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="secret",
            verify=str(self.ca_folder / CERTIFICATE),
            config=Config(
                proxies={"https": f"http://127.0.0.1:{self.port}"},
                retries={"total_max_attempts": 1},
            ),
            **settings,
        )


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProxy]:
    folder = tmp_path_factory.mktemp("platform") / "ca"
    echo = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    echo.daemon_threads = True
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    loop = asyncio.new_event_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    serving = ConnectProxy(authority_of(folder), ApiAddress("127.0.0.1", echo.server_port))
    thread = threading.Thread(target=_serve, args=(loop, serving, listener))
    thread.start()
    yield RunningProxy(listener.getsockname()[1], folder)
    loop.call_soon_threadsafe(_cancel_all, loop)
    thread.join()
    loop.close()
    listener.close()
    echo.shutdown()
    echo.server_close()


def _serve(loop: asyncio.AbstractEventLoop, proxy: ConnectProxy, listener: socket.socket) -> None:
    try:
        loop.run_until_complete(proxy.serve(listener))
    except asyncio.CancelledError:
        loop.run_until_complete(_end_of_connections())


async def _end_of_connections() -> None:
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*connections, return_exceptions=True)
    await asyncio.sleep(0.1)  # transports end after their tasks


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()


def test_requests_for_sts_reach_the_api_with_host_and_body_as_they_were(
    proxy: RunningProxy,
) -> None:
    connection = proxy.client(STS)
    for size in (0, 10, 3_000_000):  # on one connection
        connection.request("POST", f"/a%20b?size={size}", b"x" * size)
        seen = json.loads(connection.getresponse().read())
        assert seen == {"host": STS, "path": f"/a%20b?size={size}", "length": size}
    connection.close()


def test_many_clients_at_once_are_served(proxy: RunningProxy) -> None:
    def ask(number: int) -> int:
        connection = proxy.client(STS if number % 2 else TELEMETRY)
        connection.request("GET", "/")
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(64))) == [403, 200] * 32


def test_nobody_trusts_the_proxy_without_being_told_of_its_authority(proxy: RunningProxy) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        proxy.client(STS, trusted=False).request("GET", "/")


def test_telemetry_is_denied_as_s3_denies(proxy: RunningProxy) -> None:
    connection = proxy.client(TELEMETRY)
    for _ in range(2):
        connection.request("GET", "/telemetry?x-failureReason=none")
        response = connection.getresponse()
        assert response.status == 403
        assert ET.fromstring(response.read()).findtext("Code") == "AccessDenied"
    connection.close()


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "list_buckets"),
        ("iam", "list_roles"),
        ("sagemaker", "list_models"),
        ("logs", "describe_log_groups"),
        ("lambda", "list_functions"),
    ],
)
def test_boto3_understands_the_denial_in_every_protocol(
    proxy: RunningProxy, service: str, operation: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(proxy.boto(service), operation)()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert caught.value.response["Error"]["Code"].startswith("AccessDenied")
    assert "nothing was sent there" in str(caught.value)


def test_upload_to_another_bucket_is_denied_without_waiting(proxy: RunningProxy) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        proxy.boto("s3").put_object(Bucket="elsewhere", Key="key", Body=b"x" * 2_000_000)


def test_hosts_beyond_aws_are_refused(proxy: RunningProxy) -> None:
    with pytest.raises(OSError, match="403"):
        proxy.client("example.com").request("GET", "/")
    with pytest.raises(ProxyConnectionError):
        proxy.boto("s3", endpoint_url="https://example.com").list_buckets()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"CONNECT " + b"a" * 20_000,
    ],
)
def test_what_is_no_connect_is_refused(proxy: RunningProxy, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as client:
        client.sendall(sent)
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_client_that_says_nothing_in_tls_harms_nobody(proxy: RunningProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as client:
        client.sendall(f"CONNECT {STS}:443 HTTP/1.1\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        client.sendall(b"no handshake at all\r\n\r\n")
        client.recv(100)
    connection = proxy.client(STS)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()


def test_authority_is_kept_and_its_key_is_its_owners_alone(tmp_path: Path) -> None:
    authority_of(tmp_path / "ca")
    before = (tmp_path / "ca" / CERTIFICATE).read_bytes()
    authority_of(tmp_path / "ca")

    assert (tmp_path / "ca" / CERTIFICATE).read_bytes() == before
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_damaged_authority_is_named(tmp_path: Path) -> None:
    authority_of(tmp_path)
    (tmp_path / "ca.key").write_text("no key")

    with pytest.raises(PlatformError, match="damaged; remove the folder"):
        authority_of(tmp_path)
