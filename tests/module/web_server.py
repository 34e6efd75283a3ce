"""What the cases of uri and get_url ask, at 127.0.0.1:8080 of the private machine."""
import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080
WHEN = "Mon, 01 Jan 2024 00:00:00 GMT"


class Handler(BaseHTTPRequestHandler):
    def version_string(self):
        return "cases"

    def date_time_string(self, timestamp=None):
        return WHEN

    def log_message(self, *args):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def give(self, status, body=b"", kind="text/plain", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer(self):
        sent, path = self.body(), self.path.split("?")[0]
        if path == "/text":
            self.give(200, b"hello\n", Last_Modified=WHEN)
        elif path == "/file.tar":
            self.give(200, b"\0\1\2binary", "application/octet-stream")
        elif path == "/json":
            self.give(200, b'{"a": [1, 2], "b": null}', "application/json")
        elif path == "/broken.json":
            self.give(200, b'{"a": ', "application/json")
        elif path == "/cookie":
            self.give(200, b"ok", Set_Cookie="session=abc; Path=/")
        elif path.startswith("/status/"):
            self.give(int(path.rsplit("/", 1)[1]), b"so\n")
        elif path == "/redirect":
            self.give(302, Location=f"http://127.0.0.1:{PORT}/text")
        elif path == "/redirect-echo":
            self.give(302, Location=f"http://127.0.0.1:{PORT}/echo")
        elif path == "/packed":
            self.give(200, gzip.compress(b"unpacked\n", mtime=0), Content_Encoding="gzip")
        elif path == "/private":
            wanted = "Basic " + base64.b64encode(b"me:secret").decode()
            if self.headers.get("Authorization") == wanted:
                self.give(200, b"welcome\n")
            else:
                self.give(401, b"no\n", WWW_Authenticate='Basic realm="cases"')
        elif path == "/echo":
            names = ("Content-Type", "User-Agent", "X-Own", "Authorization", "Accept")
            told = {"method": self.command, "path": self.path, "body": sent.decode(errors="replace"),
                    "headers": {n: self.headers[n] for n in names if self.headers.get(n) not in (None, "*/*")}}
            self.give(200, json.dumps(told).encode(), "application/json")
        else:
            self.give(404, b"not here\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer


def serve():
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
