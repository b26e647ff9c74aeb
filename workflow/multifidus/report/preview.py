"""A live page of one document: edit the source, save, and the page in the browser is new.

With Quarto this is ``quarto preview`` in the author's folder of a run. Without, the embedded
renderer makes the page again after each change and a small server on this machine alone shows it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import webbrowser
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from multifidus.base.errors import ExitCode, RenderError
from multifidus.report.engines.api import choose_engine, render
from multifidus.report.workspace import refresh_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multifidus.report.engines.api import EngineName
    from multifidus.report.engines.quarto import Quarto

__all__ = ["Page", "Watch", "preview_document", "serve"]

_POLL_SECONDS = 0.5
_SCRIPT = """
<script>
let shown = null;
setInterval(async () => {
  const state = await (await fetch("/state")).json().catch(() => null);
  if (state === null) return;
  if (shown !== null && state.version !== shown) location.reload();
  shown = state.version;
  document.title = state.error || document.title;
}, 1000);
</script>
"""


@dataclass
class Page:
    """The page as it was last rendered, and what went wrong since."""

    content: str = "<!doctype html><title>Rendering</title><p>Rendering</p>"
    version: int = 0
    error: str = ""

    def show(self, content: str) -> None:
        """Take a new page."""
        self.content, self.error, self.version = content, "", self.version + 1

    def answer(self, path: str) -> tuple[str, str] | None:
        """Return the type and the text of what a browser asks for; none for anything unknown."""
        if path == "/":
            body, closed, rest = self.content.rpartition("</body>")
            text = f"{body}{_SCRIPT}{closed}{rest}" if closed else self.content + _SCRIPT
            return "text/html", text
        if path == "/state":
            return "application/json", json.dumps({"version": self.version, "error": self.error})
        return None


@dataclass
class Watch:
    """Notices when the sources of a document change.

    Parameters
    ----------
    document
        The ``.qmd`` in the author's folder; links are followed to the sources.
    """

    document: Path
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def changes(self) -> set[Path]:
        """Return the files that changed, came or went since the last call; copies are renewed."""
        now: dict[Path, tuple[int, int]] = {}
        for path in refresh_sources(self.document.parent):
            with contextlib.suppress(OSError):  # an editor may be replacing it
                state = path.stat()
                now[path] = (state.st_mtime_ns, state.st_size)
        before, self._seen = self._seen, now
        return {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}


def preview_document(
    results: Path, name: str | None, *, engine: EngineName, port: int, browser: bool
) -> int:
    """Show a document of a run live until the user stops it.

    Parameters
    ----------
    results
        The run's results folder.
    name
        Name of the document; the run's only one when none is given.
    engine
        ``auto``, ``quarto`` or ``embedded``.
    port
        Port on the loopback interface.
    browser
        Whether to open the page in the user's browser.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    RenderError
        ``RND-080`` when the run left no folder for an author, ``RND-060`` to ``RND-064`` as in
        :func:`multifidus.report.engines.api.render`, ``RND-081`` when the port is taken.
    """
    document = find_workspace(results, name)
    quarto, note = choose_engine(engine)
    if note:
        print(note, file=sys.stderr)
    if quarto is None:
        return _preview_embedded(document, port, browser)
    code = _preview_quarto(quarto, document, port, browser)
    if code == ExitCode.OK or engine == "quarto":
        return code
    print("Quarto's preview failed: the embedded renderer is used instead.", file=sys.stderr)
    return _preview_embedded(document, port, browser)


def find_workspace(results: Path, name: str | None) -> Path:
    """Return the document in the author's folder of a run.

    Raises
    ------
    RenderError
        ``RND-080`` when there is none, or more than one and no name.
    """
    found = {
        path.parent.parent.name: path.parent / f"{path.parent.parent.name}.qmd"
        for path in sorted(results.glob("*/preview/context.json"))
    }
    chosen = found.get(name) if name else next(iter(found.values()), None)
    if chosen is None or (name is None and len(found) > 1):
        raise RenderError(
            "RND-080",
            f"there is no single document to preview under {results} (found: "
            f"{', '.join(found) or 'none'}); run `make report` first or name one of them.",
        )
    return chosen


def _preview_quarto(quarto: Quarto, document: Path, port: int, browser: bool) -> int:
    """Run ``quarto preview``, which looks at the document alone, and watch its parts for it."""
    command = [str(quarto.program), "preview", document.name, "--to", "html", "--port", str(port)]
    command += [] if browser else ["--no-browser"]
    # Quarto reads the folder's variables too, but lets those of the user win.
    variables = {**os.environ, **read_environment(document.parent / "_environment")}
    process = subprocess.Popen(command, cwd=document.parent, env=variables)
    watch = Watch(document)
    watch.changes()
    try:
        while process.poll() is None:
            time.sleep(_POLL_SECONDS)
            if watch.changes() - {document}:
                document.touch()  # Quarto renders again when the time of the document changes
                watch.changes()
    except KeyboardInterrupt:
        process.wait()
        return ExitCode.OK
    finally:
        process.terminate()
        process.wait()
    return process.returncode


def _preview_embedded(document: Path, port: int, browser: bool) -> int:
    page = Page()
    with serve(page, port) as address, TemporaryDirectory(prefix="multifidus-preview-") as folder:
        # In the main thread the kernel's client would take Ctrl-C for itself.
        stopped = threading.Event()
        arguments = (document, page, Path(folder), lambda: not stopped.wait(_POLL_SECONDS))
        worker = threading.Thread(target=watch_and_render, args=arguments, daemon=True)
        with contextlib.suppress(KeyboardInterrupt):
            worker.start()
            print(f"{document.stem} is shown at {address}; stop with Ctrl-C.")
            if browser:
                webbrowser.open(address)
            worker.join()
        stopped.set()
        if worker.ident is not None:  # it was started
            worker.join()
    return ExitCode.OK


def watch_and_render(
    document: Path, page: Page, scratch: Path, going_on: Callable[[], bool]
) -> None:
    """Render a document to a page whenever a source changes.

    Parameters
    ----------
    document
        The ``.qmd`` in the author's folder.
    page
        Where the HTML is put; it stays as it is when a render fails.
    scratch
        Folder for the render.
    going_on
        Called between two looks at the sources; the loop ends when it returns false.
    """
    watch = Watch(document)
    while True:
        if watch.changes():
            try:
                page.show(_render(document, scratch))
                print(f"Rendered {document.stem} ({page.version}).")
            except RenderError as error:
                page.error = str(error)
                print(error, file=sys.stderr)
        if not going_on():
            return


def _render(document: Path, scratch: Path) -> str:
    folder = document.parent
    metadata: dict[str, Any] = yaml.safe_load((folder / "_metadata.yml").read_text("utf-8"))
    outcome = render(
        document,
        scratch / "out",
        engine="embedded",
        formats=("html",),
        environment=read_environment(folder / "_environment"),
        metadata=metadata,
        scratch=scratch / "work",
        resources={},
    )
    return outcome.outputs["html"].read_text("utf-8")


def read_environment(path: Path) -> dict[str, str]:
    """Read the variables that :mod:`multifidus.report.workspace` wrote for a document's cells."""
    lines = path.read_text("utf-8").splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


@contextlib.contextmanager
def serve(page: Page, port: int) -> Iterator[str]:
    """Serve a page on the loopback interface; gives its address.

    Raises
    ------
    RenderError
        ``RND-081`` when the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Another site may send a browser here under a name of its own: it gets nothing.
            ours = (self.headers.get("Host") or "").partition(":")[0] in {"localhost", "127.0.0.1"}
            answer = page.answer(self.path) if ours else None
            self.send_response(200 if answer else 404)
            kind, text = answer or ("text/plain", "There is no such page.")
            content = text.encode("utf-8")
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing of single requests."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise RenderError(
            "RND-081", f"port {port} of this machine is taken; give another one with --port."
        ) from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
