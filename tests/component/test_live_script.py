"""The pages' script in a real browser: a section is read again at once, for its own changes only, over one stream."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

from services.runtime.web.pages import STATIC
from tests.support.browser import page

PAGE = b"""<!doctype html><script src="/live.js" defer></script>
<section id="map" data-live="/stream" data-on="pulse" data-fragment="/map">first</section>
<section id="list" data-live="/stream" data-on="changed" data-fragment="/list">first</section>"""


class Site:
    """Serves the page, counts what is read, and tells what it is told to tell."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.tell: Queue[str] = Queue()
        self.streams = 0
        self.ended = False


@contextmanager
def serving(site: Site) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/stream":
                self._stream()
                return
            site.read.append(self.path)
            kind = "text/javascript" if self.path.endswith(".js") else "text/html"
            body = (STATIC / "live.js").read_bytes() if self.path == "/live.js" else PAGE
            if self.path in {"/map", "/list"}:
                body = b"read %d" % site.read.count(self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            site.streams += 1
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            while not site.ended:
                try:
                    said = f"data: {site.tell.get(timeout=0.1)}\n\n"
                except Empty:
                    said = ": still here\n\n"
                try:
                    self.wfile.write(said.encode())
                    self.wfile.flush()
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        site.ended = True
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_change_is_read_at_once_by_the_section_it_names_and_by_no_other() -> None:
    site = Site()
    with serving(site) as address, page() as found:
        found.goto(address)
        while not site.streams:
            found.wait_for_timeout(10)
        began = time.monotonic()
        site.tell.put("changed")
        found.wait_for_function("document.querySelector('#list').textContent === 'read 1'")
        assert time.monotonic() - began < 2
        assert found.text_content("#map") == "first"
        for _ in range(5):  # what comes close together is read once more, not five times
            site.tell.put("changed")
        found.wait_for_function("document.querySelector('#list').textContent === 'read 2'")
        site.tell.put("pulse")
        found.wait_for_function("document.querySelector('#map').textContent === 'read 1'")
        assert site.streams == 1
        assert site.read.count("/list") <= 3
