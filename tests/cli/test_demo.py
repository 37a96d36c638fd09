"""`pictory demo` and `pictory simulate`."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from pictory_async import RenderOutcome, RenderStatus
from pictory_async.testing import LoggedRequest, TruthKind
from tests.cli._command import Terminal, interrupted, report, run, started

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")
pytest.importorskip("starlette", reason="the extra simulator is not installed")

from pictory_async.cli._simulation import make_simulator
from pictory_async.cli.commands.demo import Demo, Pacing, print_report

SMALL = ("--projects", "50", "--render-seconds", "3:5")  # so long that no machine is too slow to look twice


def test_demo_tells_the_truth() -> None:
    """Each outcome is what really happened, and the simulated server rejects no request."""
    found = run("demo", *SMALL, "--json")
    ends = json.loads(found.stdout)
    assert (0, 0, []) == (found.exit_code, ends["mismatches"], ends["mismatched"])
    assert [] == [line for line in found.stderr.splitlines() if " of 50 ended " not in line]
    # On a busy machine, a render of a second may fail before a poll sees it; then nothing shows that it was started.
    outcomes = {"failed": 0, **ends["outcomes"]}
    assert (50, 47, 3) == (ends["projects"], outcomes["rendered"], outcomes["failed"] + outcomes["not_started"])
    assert (0, 6.0) == (ends["refused"], ends["per"])
    assert 50 <= ends["busiest_window"] <= ends["limit"]
    assert ends["requests"] >= 100
    assert 0.0 < ends["lag_median"] <= ends["lag_p95"]
    assert 2.0 < ends["polls_per_project"]
    assert 3.0 < ends["seconds"]


def test_demo_in_lines() -> None:
    """If the output is not a terminal, the summary is lines of name and value."""
    found = run("demo", "--projects", "1", "--render-seconds", "2")
    lines = dict(line.split(": ", 1) for line in found.stdout.splitlines())
    assert 0 == found.exit_code
    assert "rendered 1" == lines["outcomes"]
    assert lines["verified outcomes"].startswith("1 of 1")
    assert lines["detection delay"].startswith("median ")


def test_demo_on_a_terminal() -> None:
    """On a terminal, the demonstration is live, and Ctrl-C ends it without a traceback."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    with Terminal() as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("demo", **both) as process:
            terminal.attached()
            assert "requests/s" in terminal.read_until(" in all")
            process.send_signal(2)
            text = terminal.read_until()
            assert 130 == process.wait()
    assert "Interrupted after " in text
    assert "Traceback" not in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


@pytest.mark.parametrize("projects", [1, 20, 300, 2000])
@pytest.mark.parametrize("render_seconds", [(0.5, 1.0), (5.0, 20.0), (60.0, 60.0)])
def test_pacing_leaves_room(projects: int, render_seconds: tuple[float, float]) -> None:
    """Each project is polled twice within the shortest render, and the budget has room for all these polls."""
    pacing = Pacing.of(projects, render_seconds)
    polls = projects * pacing.rate.per / pacing.interval
    assert 2.2 * pacing.interval <= render_seconds[0]
    assert pacing.start_grace > 0.6 * render_seconds[0] + pacing.interval / 2
    assert polls + 24 < pacing.rate.requests
    assert pacing.limiter().rate == pacing.rate.requests


def demo_of(**changes: Any) -> tuple[Demo, RenderOutcome]:
    """Make a demonstration of one rendered project, and a true outcome with some changes."""
    pacing = Pacing.of(1, (1.0, 1.0))
    simulator, planned = make_simulator(1, (1.0, 1.0), 0)
    demo = Demo(simulator, planned, pacing)
    outcome = RenderOutcome(project_id=planned[0].project_id, status=RenderStatus.RENDERED)
    demo.detected[outcome.key] = 100.0
    return demo, attrs.evolve(outcome, **changes)


def test_demo_sees_wrong_outcomes() -> None:
    """An outcome that is missing, wrong, or of an old video is a mismatch."""
    demo, wrong = demo_of(status=RenderStatus.NOT_STARTED)
    assert "pending" == demo.mismatches()[0]["outcome"]
    demo.tally.add(wrong)
    assert ["not_started"] == [mismatch["outcome"] for mismatch in demo.mismatches()]
    demo, without_video = demo_of()
    demo.tally.add(without_video)
    assert ["rendered, with a video of None"] == [mismatch["outcome"] for mismatch in demo.mismatches()]
    assert 1 == demo.report()["mismatches"]


def test_demo_knows_what_nobody_can_see() -> None:
    """A failed render that no poll met may be reported as not started; one that a poll met may not."""
    simulator, planned = make_simulator(50, (1.0, 1.0), 0)
    plan = next(plan for plan in planned if plan.expected is TruthKind.FAILED)
    demo = Demo(simulator, [plan], Pacing.of(1, (1.0, 1.0)))
    demo.tally.add(RenderOutcome(project_id=plan.project_id, status=RenderStatus.NOT_STARTED))
    project = simulator.world.find_project(plan.project_id, 100.0)
    assert project is not None
    demo.detected[plan.project_id] = 100.0
    assert [] == demo.mismatches()
    at = project.renders[-1].ends_at - 0.1
    simulator.log.append(LoggedRequest(at, "GET", f"/pictoryapis/v2/projects/{plan.project_id}", 200, True))
    assert ["not_started"] == [mismatch["outcome"] for mismatch in demo.mismatches()]


def test_demo_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """A mismatch is printed with outcome and truth, and makes the exit code 1; no renders, no detection delay."""
    demo, wrong = demo_of(status=RenderStatus.NOT_STARTED)
    demo.tally.add(wrong)
    assert 1 == print_report(demo, as_json=False)
    out = capsys.readouterr().out
    assert "verified outcomes: 0 of 1" in out
    assert "detection delay: nothing was rendered" in out
    assert f"{wrong.project_id}: reported not_started, but the truth is rendered" in out


def test_renders_that_clients_start() -> None:
    """A render that a client requests takes as long as --render-seconds says, as those of the account do."""
    simulator, planned = make_simulator(5, (1.0, 2.0), 0)
    for plan in planned:
        simulator.world.start_render(plan.project_id, 100.0)
    started = [render for _, render in simulator.world.jobs if render.at == 100.0]
    assert 5 == len(started)
    assert all(1.0 <= render.duration <= 2.0 for render in started)


def test_simulate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server prints how to reach it, serves clients, writes its ids to a file, and stops on Ctrl-C."""
    file = tmp_path / "ids"
    options = ("--projects", "5", "--render-seconds", "0.2:0.4", "--ids", str(file), "--latency", "0.01")
    with started("simulate", "--port", "0", *options) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
        for name, value in re.findall(r"(PICTORY_API_\w+)=(\S+)", said):
            monkeypatch.setenv(name, value)
        found = run("wait", "--ids-from", str(file), "--interval", "0.1", "--json")
        assert f"  pictory wait --ids-from {file} --start-grace 30s --download videos\n" in said
        template = re.findall(r"pictory template (\w+)", said)
        assert 0 == run("template", *template).exit_code
        code, _, err = interrupted(process)
    assert (0, 5) == (found.exit_code, report(found.stdout)["outcomes"]["rendered"])
    assert 0 == code
    assert re.fullmatch(r"\nStopped after \d+ requests\.\n", err)


def test_simulate_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --control, it prints how the account is changed, and each of these requests does something."""
    with started("simulate", "--port", "0", "--scenario", "agency", "--projects", "10", "--control") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        lines = [*iter(process.stdout.readline, "Ctrl-C stops it.\n")]
        monkeypatch.setenv("PICTORY_API_KEY", "pictai_simulator")
        assert 10 == len(run("projects", "--base-url", url).stdout.splitlines())
        addresses = [shlex.split(line)[-1] for line in lines if "curl -X POST" in line]
        assert 5 == len(addresses)
        (revoke,) = (address for address in addresses if address.endswith("/key/revoke"))
        assert 200 == httpx.post(revoke, trust_env=False).status_code
        assert 77 == run("projects", "--base-url", url).exit_code
        interrupted(process)


@pytest.mark.parametrize("columns", [40, 80])
def test_what_simulate_prints_can_be_copied(columns: int) -> None:
    """On a terminal no address is broken, and long commands go on in the next line as shells read it."""
    with Terminal(columns=columns) as terminal:
        streams = dict.fromkeys(("stdout", "stderr"), terminal.theirs)
        options = ("--port", "0", "--projects", "3", "--control")
        with started("simulate", *options, **streams, env=terminal.environment) as process:
            terminal.attached()
            text = terminal.read_until("Ctrl-C stops it.").replace("\r\n", "\n")
            process.send_signal(signal.SIGINT)
            terminal.read_until()
    assert [] == [line for line in text.splitlines() if len(line) > columns and len(line.strip(" \\").split()) > 1]
    commands = [shlex.split(line) for line in text.replace("\\\n", "").splitlines() if line.startswith("  ")]
    assert ["export", "pictory", "pictory", *["curl"] * 5] == [words[0] for words in commands]
    assert 3 == len([word for word in commands[1][2:] if word.startswith("2025")])
    (address,) = re.findall(r"(?m)(?:^| )(http://127\.0\.0\.1:\d+/pictoryapis)$", text)
    assert f"PICTORY_API_BASE_URL={address}" == commands[0][1]


def test_simulate_enforces_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --rate, the server rejects more requests than that, and the client reports it."""
    with started("simulate", "--port", "0", "--rate", "1/h") as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        monkeypatch.setenv("PICTORY_API_KEY", "pictai_simulator")
        assert 1 == run("project", "x", "--base-url", url).exit_code  # there is no such project
        found = run("wait", "x", "--base-url", url, "--max-wait", "5")
    assert 75 == found.exit_code
    assert "too many requests" in found.stdout


def test_a_taken_port_is_one_sentence() -> None:
    """If the port is in use, the error names it and says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        found = run("simulate", "--port", port)
    assert (1, 1) == (found.exit_code, found.stderr.count("\n"))
    assert f"Port {port} cannot be used" in found.stderr


def test_simulate_of_an_environment_that_is_not_active(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be typed begins with the path of the command, if the shell would not find it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    script = Path(sysconfig.get_path("scripts"), "pictory")
    with subprocess.Popen([script, "simulate", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.terminate()
    assert lines[-1].startswith(f"  {script} wait ")
