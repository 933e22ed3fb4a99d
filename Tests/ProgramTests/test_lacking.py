"""A missing library or certificate is reported with the package to install, never as retryable."""

import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from program import BINARY, KEY, PATIENCE, RPCError, environment

#: Bind mounts in a namespace of our own hide a file from one process.
HIDES = os.geteuid() == 0 and shutil.which("unshare") is not None


def without_libcurl():
    """A wrapper in whose view libcurl is not there: an empty file in its place is not a library."""
    found = subprocess.run(["sh", "-c", "ldconfig -p | sed -n 's/.*=> //p' | grep libcurl"], capture_output=True, text=True)
    mounts = " && ".join(f"mount --bind /dev/null {os.path.realpath(path)}" for path in set(found.stdout.split()))
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{mounts} && exec "$@"', "sh"]


needs_root = pytest.mark.skipif(not HIDES, reason="hiding a library from one process needs root and unshare")


@needs_root
def test_without_libcurl_a_command_records_nothing(home):
    def run(*arguments):
        return subprocess.run(
            [*without_libcurl(), BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, cwd=home,
            env=environment(home, WAVESPEED_API_KEY=KEY))

    done = run("generate", "a boat")
    assert done.returncode == 2 and "libcurl4" in done.stderr and "Nothing was sent" in done.stderr
    assert run("list").stdout == ""
    assert run("generate", "a boat", "-p", "sandbox", "-s", "size=64x64").returncode == 0


@needs_root
def test_without_libcurl_a_program_is_told_once_and_then_refused(spawn):
    with spawn(wrapper=without_libcurl(), WAVESPEED_API_KEY=KEY) as program:
        first = program.call("submit", prompt="a boat", wait_ms=20_000)
        failure = first["failure"]
        assert (first["status"], first["billing"]) == ("failed", "none")
        assert (failure["type"], failure["retryable"]) == ("configuration", False) and "libcurl4" in failure["message"]
        with pytest.raises(RPCError, match="libcurl4") as refused:
            program.call("submit", prompt="a boat")
        assert refused.value.code == 1005 and refused.value.data["retryable"] is False
        assert len(program.call("list")["predictions"]) == 1


@pytest.mark.parametrize("variables, words", [({"CURL_CA_BUNDLE": "/nope"}, "/nope, which cannot be read")])
def test_certificates_that_are_not_there_are_no_network_fault(spawn, home, variables, words):
    key, certificate = home / "tls.key", home / "tls.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://localhost:{server.server_port}"
    try:
        with spawn(WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=url, **variables) as program:
            failure = program.call("submit", prompt="a boat", wait_ms=20_000)["failure"]
            assert (failure["type"], failure["retryable"]) == ("configuration", False) and words in failure["message"]
            with pytest.raises(RPCError, match=words) as refused:
                program.call("submit", prompt="a boat")
            assert refused.value.code == 1005
        # A certificate that is merely not trusted is another matter: the network may be to blame.
        with spawn(WAVESPEED_API_KEY=KEY, WAVESPEED_BASE_URL=url) as program:
            assert program.call("submit", prompt="b", wait_ms=20_000)["failure"]["type"] == "network"
    finally:
        server.shutdown()
        server.server_close()
