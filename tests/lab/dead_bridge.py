"""A bridge over a stdio child. When that has died, it answers `initialize` from memory, as real ones do, and fails at
all else."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HELLO = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "bridge", "version": "1"}}


class Bridge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document=None):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_OPTIONS(self):
        self.answer(204)

    def do_DELETE(self):
        self.answer(200)

    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "id" not in call:
            return self.answer(202)
        if self.headers.get("Mcp-Method"):
            return self.answer(400, {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": "Bad Request"}})
        if call["method"] == "initialize":
            return self.answer(200, {"jsonrpc": "2.0", "id": call["id"], "result": HELLO})
        if child.poll() is None:
            return self.answer(200, {"jsonrpc": "2.0", "id": call["id"], "result": {"tools": []}})
        error = {"code": -32603, "message": "MCP server process failed"}
        return self.answer(200, {"jsonrpc": "2.0", "id": call["id"], "error": error})

    def log_message(self, *_):
        pass


child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Bridge).serve_forever()
