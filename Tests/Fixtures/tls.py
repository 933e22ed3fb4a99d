#!/usr/bin/env python3
"""A server over TLS whose certificate signs itself: python3 tls.py FOLDER.

Writes the certificate to FOLDER/certificate.pem, prints its port, and answers every request with HTTP 418. The certificate names localhost,
images.test and foreign.test.
"""

import http.server
import ssl
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
certificate, key = folder / "certificate.pem", folder / "key.pem"
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
     "-addext", "subjectAltName=DNS:localhost,DNS:images.test,DNS:foreign.test", "-keyout", key, "-out", certificate],
    check=True, stderr=subprocess.DEVNULL)


class Teapot(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(418)

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Teapot)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
