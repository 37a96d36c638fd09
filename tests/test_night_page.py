"""The page about runs at night: its files are read by the programs they are for, and its commands are run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing import Simulator, World
from pictory_async.testing.server import ServerThread
from tests._parts import needs
from tests.cli._command import run

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent.parent / "docs"
FILES = sorted((DOCS / "examples" / "night").iterdir())
COMMANDS = [
    pytest.param(line.strip(), id=path.name)
    for path in FILES
    for line in re.findall(r"pictory (?:sync|wait) [^\n]*", path.read_text(encoding="utf-8"))
]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ServerThread]:
    """The account, which the files ask for with a key in a file."""
    world = World(media_base="self")
    for number in range(3):
        world.add_project(project_id=f"p{number}", earlier_video=-60.0)
    key = tmp_path / "key"
    key.write_text(f"{world.api_key}\n")
    key.chmod(0o600)
    with ServerThread(Simulator(world), control=True) as running:
        monkeypatch.setenv("PICTORY_API_BASE_URL", running.base_url)
        monkeypatch.setenv("PICTORY_API_KEY_FILE", str(key))
        monkeypatch.setenv("PICTORY_STATE_DIR", str(tmp_path / "state"))
        monkeypatch.delenv("PICTORY_API_KEY", raising=False)
        monkeypatch.chdir(tmp_path)
        yield running


def test_every_file_is_on_the_page() -> None:
    """The page shows each file, and each has a command that is run below."""
    text = (DOCS / "night.md").read_text(encoding="utf-8")
    assert {path.name for path in FILES} == set(re.findall(r"examples/night/(\S+)", text))
    assert {"crontab", "pictory.service", "workflow.yml", "compose.yaml"} == {param.id for param in COMMANDS}


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command(line: str, tmp_path: Path) -> None:
    """The command of a file downloads all videos of a simulated account."""
    line = line.removesuffix(" > /dev/null")
    for place in ("/srv/pictory", "/var/lib/pictory"):
        line = line.replace(place, str(tmp_path))
    (tmp_path / "ids.txt").write_text("p0\np1\np2\n")
    found = run(*shlex.split(line)[1:])
    assert 0 == found.exit_code, found.stderr
    assert 3 == len([*(tmp_path / "videos").glob("*.mp4")])


def test_crontab() -> None:
    """Cron reads its file."""
    program = needs("crontab")
    path = DOCS / "examples" / "night" / "crontab"
    found = subprocess.run([program, "-n", path], capture_output=True, text=True, check=False)
    if "invalid option" in found.stderr:
        pytest.skip("this cron cannot check a file")
    assert 0 == found.returncode, found.stderr


def test_systemd() -> None:
    """Systemd reads the service and the timer, and has no objection."""
    program = needs("systemd-analyze")
    units = [str(path) for path in FILES if path.suffix in {".service", ".timer"}]
    found = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False)
    assert (0, "") == (found.returncode, found.stderr)


def read(name: str) -> dict[Any, Any]:
    """Read a file of YAML."""
    yaml = pytest.importorskip("yaml", reason="pyyaml is not installed")
    found: dict[Any, Any] = yaml.safe_load((DOCS / "examples" / "night" / name).read_text(encoding="utf-8"))
    return found


def test_the_workflow() -> None:
    """It fits the schema of such files; it has a schedule, and the key is a secret."""
    workflow = read("workflow.yml")
    assert "15 2 * * *" == workflow[True]["schedule"][0]["cron"]  # YAML 1.1 takes "on" for true
    job = workflow["jobs"]["download"]
    assert "${{ secrets.PICTORY_API_KEY }}" == job["env"]["PICTORY_API_KEY"]
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    waits = re.search(r"--max-wait (\d+)m", json.dumps(job["steps"]))
    assert waits is not None
    assert int(waits[1]) < job["timeout-minutes"]
    check("workflow.yml", "vendor.github-workflows")


def check(name: str, schema: str) -> None:
    """Check a file with the schema of the program that reads it."""
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, f"{FILES[0].parent / name}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == found.returncode, found.stdout + found.stderr


def test_compose() -> None:
    """Compose reads its file, and the service has its key as a secret."""
    compose = read("compose.yaml")
    service = compose["services"]["videos"]
    (secret,) = service["secrets"]
    assert f"/run/secrets/{secret}" == service["environment"]["PICTORY_API_KEY_FILE"]
    assert {"file": "./key"} == compose["secrets"][secret]
    check("compose.yaml", "vendor.compose-spec")
    command = [needs("docker-compose"), "-f", f"{FILES[0].parent / 'compose.yaml'}", "config", "-q"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (found.returncode, found.stderr)


def test_a_rehearsal(server: ServerThread) -> None:
    """Each line with `curl` works as it is printed, but for the port and the id."""
    program = needs("curl")
    text = (DOCS / "night.md").read_text(encoding="utf-8")
    lines = re.findall(r"^curl .*", text, re.MULTILINE)
    assert 7 == len(lines)
    for line in lines:
        words = line.replace("http://127.0.0.1:8790", server.origin).replace("/ID/", "/p0/").split()[1:]
        command = [program, "--silent", "--show-error", "--fail", "--noproxy", "*", *words]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert 0 == found.returncode, found.stderr
        assert json.loads(found.stdout)
    assert [] == server.simulator.world.log
