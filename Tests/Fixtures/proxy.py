#!/usr/bin/env python3
"""A proxy that tunnels (CONNECT) to servers on loopback, whatever their names: python3 proxy.py.

Prints its port, then one line with host and port for each tunnel.
"""

import selectors
import socket
import socketserver


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline().decode().split()
        assert method == "CONNECT", method
        while self.rfile.readline().strip():
            pass
        print(target, flush=True)
        with socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2]))) as server:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            self.join(self.connection, server)

    @staticmethod
    def join(client, server):
        """Passes bytes on until one side ends."""
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select():
                    received = key.fileobj.recv(65536)
                    if not received:
                        return
                    key.data.sendall(received)


with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tunnel) as proxy:
    proxy.daemon_threads = True
    print(proxy.server_address[1], flush=True)
    proxy.serve_forever()
