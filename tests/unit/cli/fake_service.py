# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for the service: RESTCONF on a Unix socket, from memory, in a thread.

It keeps a configuration and a revision, hands out canned state, and remembers what it was asked.
It judges nothing: a test tells it what to refuse.
"""
import json
import os
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

JSON = "application/yang-data+json"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=None, headers=()):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def errors(self, status, *messages):
        self.answer(status, {"ietf-restconf:errors": {"error": [
            {"error-type": "application", "error-tag": "operation-failed",
             "error-message": message} for message in messages]}})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def do_GET(self):
        service = self.server.service
        path = self.path.removeprefix("/restconf/")
        service.requests.append(("GET", path, None))
        if path in service.refuse:
            self.errors(*service.refuse[path])
        elif path == "data?content=config":
            self.answer(200, service.configuration, [("ETag", f'"{service.revision}"')])
        elif path in service.streams:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for piece in service.streams[path]:
                self.wfile.write(piece.encode())
            self.close_connection = True
        elif path.startswith("data/") and path[5:] in service.state:
            self.answer(200, {path[5:]: service.state[path[5:]]})
        else:
            self.errors(404, f"there is nothing at {self.path}")

    def do_PUT(self):
        service = self.server.service
        path = self.path.removeprefix("/restconf/")
        body = self.body()
        service.requests.append(("PUT", path, body))
        if service.drop:
            self.close_connection = True
        elif self.headers.get("If-Match") != f'"{service.revision}"':
            self.errors(412, "somebody else committed")
        elif path in service.refuse:
            self.errors(*service.refuse[path])
        elif "dry-run" in path:
            self.answer(204)
        else:
            service.put(path.partition("?")[0].removeprefix("data"), json.loads(body))
            service.revision += 1
            tag = [("ETag", f'"{service.revision}"')]
            if service.warnings:
                self.answer(200, {"tandem-state:commit": {
                    "revision": service.revision, "message": service.warnings}}, tag)
            else:
                self.answer(204, None, tag)

    def do_POST(self):
        service = self.server.service
        path = self.path.removeprefix("/restconf/")
        service.requests.append(("POST", path, self.body()))
        if path in service.refuse:
            self.errors(*service.refuse[path])
        elif path in service.messages:
            output = service.messages[path]
            self.answer(200, {"tandem-state:output": output if isinstance(output, dict)
                              else {"message": output}})
        else:
            self.answer(204)


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Service:
    def __init__(self, directory):
        self.socket = os.path.join(directory, "api.sock")
        self.configuration = {}
        self.revision = 1
        self.state = {}
        self.warnings = []
        self.refuse = {}		# path -> (status, message...)
        self.messages = {}		# operation path -> message of its output, or all of it
        self.streams = {}		# path -> pieces of an event stream, which then ends
        self.drop = False		# take a PUT and answer nothing
        self.requests = []		# (method, path, body)
        self.server = Server(self.socket, Handler)
        self.server.service = self
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def put(self, path, body):
        """Replace the whole, or a container or entry that is there."""
        if not path:
            self.configuration = body
            return
        above, place, node = None, None, self.configuration
        for step in path.strip("/").split("/"):
            name, _, keys = step.partition("=")
            name = name if name in node else name.partition(":")[2]
            above, place, node = node, name, node[name]
            if keys:
                keys = [unquote(key) for key in keys.split(",")]
                above, place = node, next(
                    n for n, entry in enumerate(node)
                    if [str(value) for value in entry.values()][:len(keys)] == keys)
                node = node[place]
        fresh = next(iter(body.values()))
        above[place] = fresh[0] if isinstance(node, dict) and isinstance(fresh, list) else fresh

    def asked(self, method):
        return [(path, body) for m, path, body in self.requests if m == method]
