"""The TLS settings of libcurl, against servers on loopback."""

import ctypes
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from program import KEY, RPCError

PERMISSIVE = """openssl_conf = top
[top]
ssl_conf = ssl
[ssl]
system_default = default
[default]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 and its key, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", tmp_path / "only.pem"],
        check=True, capture_output=True,
    )
    path.write_text(path.read_text() + (tmp_path / "only.pem").read_text())
    return path


class TLSServer:
    """Accepts connections, notes the version of TLS and the first line of the request, and answers with 503."""

    def __init__(self, certificate, newest=None):
        self.seen = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if newest:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = newest
        self.context = context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as stream:
                    line = stream.recv(65536).split(b"\r\n")[0].decode()
                    self.seen.append((stream.version(), line))
                    stream.sendall(b"HTTP/1.1 503 Not Now\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError as error:
                self.seen.append((None, str(error)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def ask(spawn, home, certificate, **variables):
    """One request to the provider: its balance."""
    conf = home / "openssl.cnf"
    conf.write_text(PERMISSIVE)
    program = spawn(WAVESPEED_API_KEY=KEY, CURL_CA_BUNDLE=certificate, OPENSSL_CONF=conf, **variables)
    number = program.start("balance", provider="wavespeed")
    try:
        return program.reply(number)
    except Exception as error:  # noqa: BLE001 - which error it is, the server's record says better
        return str(error)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_older_than_tls_1_2_is_spoken(spawn, home, certificate):
    with TLSServer(certificate, newest=ssl.TLSVersion.TLSv1_1) as server:
        # The server really speaks it, to a client that is as permissive as libcurl is told to be.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)), server_hostname="127.0.0.1") as ours:
                assert ours.version() == "TLSv1.1"
                ours.sendall(b"GET / HTTP/1.1\r\n\r\n")
                ours.recv(100)
        except ssl.SSLError:
            pytest.skip("this OpenSSL has no TLS 1.1 any more")
        server.seen.clear()
        ask(spawn, home, certificate, WAVESPEED_BASE_URL=f"https://127.0.0.1:{server.port}")
        assert server.seen and not [version for version, _ in server.seen if version]


def test_the_named_certificates_are_also_those_of_a_proxy(spawn, home, certificate):
    with TLSServer(certificate) as proxy:
        ask(
            spawn, home, certificate, WAVESPEED_BASE_URL="https://service.invalid",
            HTTPS_PROXY=f"https://127.0.0.1:{proxy.port}",
        )
        assert ("CONNECT service.invalid:443 HTTP/1.1") in [line for _, line in proxy.seen]


def test_a_process_with_a_key_leaves_no_image_of_its_memory(spawn):
    def limit(program):
        program.call("ping")
        with open(f"/proc/{program.process.pid}/limits") as lines:
            return next(line.split()[4] for line in lines if line.startswith("Max core file size"))

    raised = ("sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$0" "$@"')
    assert limit(spawn(WAVESPEED_API_KEY=KEY, wrapper=raised)) in ("0", "1")
    # Without one a crash can be looked into.
    assert limit(spawn(wrapper=raised)) not in ("1",)
    given = spawn(wrapper=raised)
    given.call("initialize", configuration={"openai_api_key": KEY})
    assert limit(given) in ("0", "1")


class Opens:
    """Counts how often a file is opened."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self.descriptor, os.fsencode(path), 0x20) > 0, os.strerror(ctypes.get_errno())

    def count(self):
        try:
            # An event of a file itself has no name, so each has 16 bytes.
            return len(os.read(self.descriptor, 1 << 20)) // 16
        except BlockingIOError:
            return 0


def test_certificates_are_read_once(spawn, home, certificate):
    """Each connection read all of them again: 20 ms for those of a system. libcurl keeps those of a file, and no directory's."""
    with TLSServer(certificate) as server:
        only = home / "only.pem"
        opens = Opens(only)
        program = spawn(WAVESPEED_API_KEY=KEY, CURL_CA_BUNDLE=only, WAVESPEED_BASE_URL=f"https://127.0.0.1:{server.port}")
        for _ in range(3):
            with pytest.raises(RPCError):
                program.call("balance", provider="wavespeed")
        assert len([version for version, _ in server.seen if version]) >= 3, server.seen
        assert 1 <= opens.count() <= 2
