"""Replay what Binder would do with the committed files, without Docker: ``python -m tests.binder_replay``.

repo2docker writes the Dockerfile; its ``pip`` and ``postBuild`` lines run here in a fresh environment that holds the
versions of Binder's base image. Then JupyterLab must open and run every notebook the README links to. It cannot show
what conda, apt or Ubuntu would do differently.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.binder_links import ROOT, links
from tests.browser.servers import PORT, TOKEN, as_root, serving

# conda's name -> PyPI's, for what the base image installs that widgets or the server meet.
BASE = {
    "ipykernel": "ipykernel",
    "ipython": "ipython",
    "ipywidgets": "ipywidgets",
    "jupyter-resource-usage": "jupyter-resource-usage",
    "jupyter_client": "jupyter_client",
    "jupyter_core": "jupyter_core",
    "jupyter_server": "jupyter_server",
    "jupyterhub-base": "jupyterhub",
    "jupyterlab": "jupyterlab",
    "jupyterlab_server": "jupyterlab_server",
    "jupyterlab_widgets": "jupyterlab_widgets",
    "nbclient": "nbclient",
    "nbformat": "nbformat",
    "notebook": "notebook",
    "tornado": "tornado",
    "traitlets": "traitlets",
    "widgetsnbextension": "widgetsnbextension",
}
KEPT = re.compile(r"PATH|LANG|LC_|TMPDIR|TZ|PIP_|SSL_|HTTPS?_PROXY|NO_PROXY", re.IGNORECASE)


def dockerfile(source: Path) -> tuple[str, str]:
    """The Dockerfile repo2docker writes for `source`, and the Python version it chose."""
    program = Path(sys.executable).parent / "repo2docker"
    told = subprocess.run(
        [str(program), "--no-build", "--debug", "."], cwd=source, capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise SystemExit(f"repo2docker refuses the repository:\n{told.stderr}")
    chosen = re.search(r"python=(3\.\d+)", told.stderr + told.stdout)
    if chosen is None:
        raise SystemExit(f"repo2docker names no Python version:\n{told.stderr}")
    return told.stdout, chosen[1]


def build_lines(text: str) -> list[str]:
    """The shell lines that install the package and run postBuild, in order."""
    before, _mark, after = text.partition("# Copy stuff.")
    if "bin/pip install" in before:
        raise SystemExit("pip would run before the repository is copied: the package would not be found")
    wanted = [
        line.removeprefix("RUN ")
        for line in after.splitlines()
        if line.startswith("RUN ") and ("bin/pip install" in line or "postBuild" in line)
    ]
    if not any("pip" in line for line in wanted) or not any("postBuild" in line for line in wanted):
        raise SystemExit(f"the Dockerfile lacks the pip or the postBuild line: {wanted}")
    return wanted


def base_versions(python: str) -> list[str]:
    """Pins for PyPI, read from repo2docker's own lock file."""
    import repo2docker

    conda = Path(repo2docker.__file__).parent / "buildpacks" / "conda"
    lock = (conda / f"environment.py-{python}-linux-64.lock").read_text(encoding="utf-8")
    pins = []
    for name, package in BASE.items():
        found = re.search(rf"/{re.escape(name)}-(\d[^-]*)-[^/]*\.conda", lock)
        if found is None:
            raise SystemExit(f"Binder's base image has no {name}")
        pins.append(f"{package}=={found[1]}")
    return pins


def interpreter(version: str) -> str:
    """A Python of that version, or this one with a word about it."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, versions.glob(f"{version}.*/bin/python{version}"))]
    for candidate in filter(None, candidates):
        # A version manager's shim exists and fails.
        works = subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0
        if works:
            return candidate
    print(f"    no Python {version} here, using {sys.version.split()[0]}: the resolution may differ", flush=True)
    return sys.executable


def visit(source: Path, home: Path, python: Path, environment: dict[str, str]) -> None:
    """Open every linked notebook in JupyterLab and start its kernel."""
    command = [str(python), "-m", "jupyterlab", PORT, "--no-browser", "--ip=127.0.0.1", "--ServerApp.port_retries=0"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={source}", *as_root("ServerApp")]
    with serving(command, "/api/status", source, home, environment) as server:
        kernels = server.api("/api/kernelspecs")["kernelspecs"]
        for link in links():
            server.ask(f"/{link.urlpath}")
            notebook = server.api(f"/api/contents/{link.path}")["content"]
            name = notebook["metadata"]["kernelspec"]["name"]
            if name not in kernels:
                raise SystemExit(f"{link.path} wants the kernel {name}; there are {sorted(kernels)}")


def main() -> None:
    """Run the steps, each with its time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the folder behind and print where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="binder-"))
    try:
        replay(folder)
    finally:
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder)


def replay(folder: Path) -> None:
    """All steps, in `folder`."""
    source, home, env = folder / "src", folder / "home", folder / "env"
    source.mkdir()
    home.mkdir()
    environment = {k: v for k, v in os.environ.items() if KEPT.match(k)}
    pip_settings = Path.home() / ".config" / "pip" / "pip.conf"
    if pip_settings.exists():
        environment.setdefault("PIP_CONFIG_FILE", str(pip_settings))
    environment |= {
        "HOME": str(home),
        "PATH": f"{env}/bin:{environment['PATH']}",
        "KERNEL_PYTHON_PREFIX": str(env),
        "NB_PYTHON_PREFIX": str(env),
        "REPO_DIR": str(source),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }

    def run(*command: str) -> str:
        done = subprocess.run(
            command,
            cwd=source,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def step(name: str, action: Callable[[], object]) -> None:
        began = time.monotonic()
        action()
        print(f"  {name}: {time.monotonic() - began:.1f} s", flush=True)

    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    text, version = dockerfile(source)
    pip = str(env / "bin" / "pip")
    step(f"Python {version}", lambda: run(interpreter(version), "-m", "venv", str(env)))
    step("base image", lambda: run(pip, "install", "--quiet", *base_versions(version)))
    for line in build_lines(text):
        step(line, lambda line=line: run("bash", "-c", line))
    step("pip check", lambda: run(pip, "check"))
    listed = run(str(env / "bin" / "jupyter"), "labextension", "list")
    if re.search(r"\bX\b", listed):
        raise SystemExit(f"a lab extension is broken:\n{listed}")
    step("opening", lambda: visit(source, home, env / "bin" / "python", environment))
    for link in links():
        step(f"running {link.path}", lambda link=link: run(str(env / "bin" / "jupyter"), "execute", link.path))


if __name__ == "__main__":
    main()
