"""HTTPS of the program in bare Debians, where no library of the system helps: trust, proxies, HTTP/2, names."""

import socket
import subprocess
import sys

import pytest
from packages import FIXTURES


@pytest.fixture
def trusted(debian, tls) -> "dict[str, str]":
    """The variable by which a Debian trusts the server."""
    debian.write("/tmp/own.pem", tls.certificate.read_bytes())
    return {"SSL_CERT_FILE": "/tmp/own.pem"}


def test_an_unknown_authority_is_refused(debian, tls, trusted):
    assert "self-signed certificate" in debian.asks(tls.url("localhost"))
    assert "HTTP 418" in debian.asks(tls.url("localhost"), **trusted)
    assert "matches target ipv4 address '127.0.0.1'" in debian.asks(tls.url("127.0.0.1"), **trusted)


def test_a_proxy_is_used_and_sees_only_the_name(debian, tls, trusted):
    with subprocess.Popen([sys.executable, FIXTURES / "proxy.py"], stdout=subprocess.PIPE, text=True) as proxy:
        try:
            address = f"http://127.0.0.1:{proxy.stdout.readline().strip()}"
            # Only the proxy knows this name.
            assert "HTTP 418" in debian.asks(tls.url("images.test"), HTTPS_PROXY=address, **trusted)
            assert proxy.stdout.readline() == f"images.test:{tls.port}\n"
        finally:
            proxy.kill()


def test_http_2_is_spoken(debian, tls, trusted, tmp_path):
    """nghttpd speaks nothing else over TLS."""
    (tmp_path / "api/v3").mkdir(parents=True)
    (tmp_path / "api/v3/balance").write_text('{"code": 200, "message": "success", "data": {"balance": 12.5}}')
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["nghttpd", "--address=127.0.0.1", "-v", "-d", tmp_path, str(port), tls.certificate.with_name("key.pem"), tls.certificate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert "listen" in server.stdout.readline()
            assert "12.5" in debian.asks(f"https://localhost:{port}", **trusted)
        finally:
            server.kill()


def test_names_come_from_the_modules_of_the_system(debian, tls, trusted, foreign_module):
    """glibc of the system resolves, so its modules are asked (libnss-myhostname, libnss-mdns, sssd)."""
    debian.write("/tmp/nsswitch.conf", b"hosts: files foreign dns\n")
    debian.write("/tmp/libnss_foreign.so.2", foreign_module)
    before = ': >>"$0/etc/nsswitch.conf" && mount --bind "$0/tmp/nsswitch.conf" "$0/etc/nsswitch.conf"'
    assert "HTTP 418" in debian.asks(tls.url("foreign.test"), before=before, LD_LIBRARY_PATH="/tmp", **trusted)
    assert (debian.path / "tmp/opened").exists()
