"""Jupyter servers of our own: own process group, own folders, own token, nothing of the user's settings."""

import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.needs import ROOT
from tests.ports import free_port

TOKEN = "test"
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    # Cells far from the screen would otherwise not be drawn.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}
# The graders' panels belong to teachers; they are not what these tests look at.
DISABLED = {"@jupyter/nbgrader": True}
# A kernel listens to its ports a second or more after they were chosen for it: of those that the system gives to
# whoever asks, one may be taken by then, and the page would wait for a kernel that never comes up.
KERNEL_PORTS = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from jupyter_client.connect import LocalPortCache
from tests.ports import free_port
LocalPortCache.find_available_port = lambda self, ip: free_port(ip)
"""
PORT = "--port={port}"
JUPYTER = [
    PORT,
    "--no-browser",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    f"--IdentityProvider.token={TOKEN}",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--LabApp.expose_app_in_browser=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
]


@dataclass(frozen=True)
class Server:
    """A running server, the folder it serves, and its REST interface."""

    url: str
    root: Path
    log: Path

    def ask(self, path: str, method: str = "GET") -> bytes:
        """The answer to one request."""
        request = urllib.request.Request(self.url + path, method=method, headers={"Authorization": f"token {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def api(self, path: str, method: str = "GET") -> Any:
        """The same, read as JSON."""
        body = self.ask(path, method)
        return json.loads(body) if body else None

    def end_kernel(self, path: str) -> None:
        """End the kernel of the notebook at `path`, if it has one."""
        for session in self.api("/api/sessions"):
            if session["path"] == path:
                self.api(f"/api/sessions/{session['id']}", "DELETE")


def isolated(home: Path, settings: Mapping[str, object] = SETTINGS) -> dict[str, str]:
    """The environment of a server that keeps all it writes under `home` and starts with the user's `settings`."""
    for name, content in settings.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
    page_config = home / "config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True)
    page_config.write_text(json.dumps({"disabledExtensions": DISABLED}), encoding="utf-8")
    for name in ("jupyter_server_config", "voila"):
        (home / "config" / f"{name}.py").write_text(KERNEL_PORTS, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k not in ("VMWIDGETS_LANG", "VMWIDGETS_TRACES")}
    return environment | {
        "JUPYTER_CONFIG_DIR": f"{home}/config",
        "JUPYTER_DATA_DIR": f"{home}/data",
        "JUPYTER_RUNTIME_DIR": f"{home}/runtime",
        "IPYTHONDIR": f"{home}/ipython",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "JUPYTERLAB_SETTINGS_DIR": f"{home}/settings",
        "JUPYTERLAB_WORKSPACES_DIR": f"{home}/workspaces",
    }


@contextlib.contextmanager
def serving(
    command: list[str], ready: str, root: Path, home: Path, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Run `command` on a free port, put in for its ``{port}``, until `ready` answers; end it and its kernels after.

    `environment` replaces the isolated one, for a server that has its own Python and home.
    """
    port = free_port()
    server = Server(f"http://127.0.0.1:{port}", root, home / "server.log")
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [argument.replace("{port}", str(port)) for argument in command],
            cwd=root,
            env=environment or isolated(home),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        for _ in range(1200):
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                server.ask(ready)
                break
            # Waits a moment, or until the server is dead.
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"server ended with {process.wait(0.1)}:\n{server.log.read_text()}")
        else:
            raise AssertionError(f"server does not answer {ready}:\n{server.log.read_text()}")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def as_root(application: str) -> list[str]:
    """What a server wants to hear before it runs as root, as it does in a container."""
    return [f"--{application}.allow_root=True"] if os.geteuid() == 0 else []
