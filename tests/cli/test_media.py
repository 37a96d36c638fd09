"""`pictory voices` and its kin, `pictory upload`, `pictory transcribe` and `pictory image`."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, World
from tests.cli._command import interrupted, run, seen, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server")

TEXT = "Water matters.\nEvery drop counts, and so does every word.\nThank you for listening.\n"
URL = "https://media.example.com/talk.mp4"
WAIT = ("--interval", "0.05")


@pytest.fixture
def world() -> World:
    """An account whose jobs take no time."""
    return World(job_seconds=0.0)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A recording."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"sound" * 100)
    return path


def test_voices() -> None:
    """A line for each voice, with tabs; those of one language, in all its kinds."""
    assert "3108\tMartin\ten-US\tmale\taws\n3109\tOlivia\ten-GB\tfemale\tgoogle" in run("voices").stdout
    assert ["3108", "3109"] == run("voices", "--language", "EN", "--columns", "id").stdout.split()
    assert ["3110"] == run("voices", "--language", "de-DE", "--columns", "id").stdout.split()
    assert "Wilbur" in seen("voices")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("brands", "0b3d5e71-4a2c-4d86-9f10-7c5e8a2b6d34\tHouse colours"),
        ("styles", "7a1f6c20-8b3e-4f59-a6d2-0e9c4b7d5183\tBold captions"),
        ("layouts", "202602141007151233k9x2m7q4t8b5w1\tMinimal"),
        ("avatars", "1f0e9d8c7b6a59483726150413223140\tAda\t\tAda_blue_public"),
        ("music harbour --mood Calm", ""),
        ("music harbour --genre Downtempo", "77\tQuiet harbour\t167\tCalm / Serene\tDowntempo\t"),
        ("stock waves", "1\tvideo\tWaves at a lighthouse\t12\tstory_blocks\t"),
    ],
)
def test_other_lists(arguments: str, line: str) -> None:
    """Each has its command, its columns, and its JSON as the API sent it."""
    found = run(*arguments.split())
    assert (0, True) == (found.exit_code, found.stdout.startswith(line))
    assert bool(line) is bool(found.stdout)
    documents = [json.loads(text) for text in run(*arguments.split(), "--json").stdout.splitlines()]
    assert bool(line) is any("id" in one or "templateId" in one for one in documents)
    assert run(*arguments.split(), "--limit", "1", "--format", "csv").exit_code == 0


def test_images(world: World) -> None:
    """Those that were made, with their words, the newest first."""
    run("image", "A lighthouse", *WAIT)
    run("image", "Another lighthouse", *WAIT)
    lines = [line.split("\t") for line in run("images").stdout.splitlines()]
    assert ["Another lighthouse", "A lighthouse"] == [line[2] for line in lines]
    assert [job.id for job in world.other_jobs[::-1]] == [line[0] for line in lines]


def test_connections(world: World) -> None:
    """Those of both kinds, without anything secret."""
    aws = {"connectionId": "a", "name": "Private", "type": "AWS", "enabled": True, "version": 1}
    vimeo = {"connectionId": "v", "name": "Team", "type": "VIMEO", "enabled": False, "accessToken": "theirs"}
    world.lists |= {"awsconnections": [aws, {"connectionId": "b", "name": "New"}], "vimeo-connections": [vimeo]}
    assert "a\tAWS\tPrivate\tyes\nb\t\tNew\t\nv\tVIMEO\tTeam\tno\n" == run("connections").stdout
    assert "theirs" not in run("connections", "--json").stdout


def test_credits(world: World) -> None:
    """What was spent is negative, so that a column can be added up; a month is year and month."""
    world.spend(2.0, "Text-to-Image", 0.0)
    got = {"transactionId": "t", "type": "credit", "amount": 100, "transactionDate": "2025-12-01T10:00:00.000Z"}
    world.lists["aicredits/usage"] += [got, {"transactionId": "u", "transactionDate": "2025-12-01T10:00:00.000Z"}]
    lines = run("credits").stdout.splitlines()
    assert ["2026-01-01 00:00:00\t-2\tText-to-Image", "2025-12-01 10:00:00\t100\t"] == lines[:2]
    assert 1 == len(run("credits", "--month", "2026-1").stdout.splitlines())
    for wrong in ("2026", "x-1", "2026-13"):
        assert 2 == run("credits", "--month", wrong).exit_code


def test_upload(world: World, talk: Path, tmp_path: Path) -> None:
    """An address for each file; the first that fails ends it."""
    first, second = run("upload", str(talk), str(talk)).stdout.splitlines()
    assert first.endswith("/talk.mp3")
    assert first != second
    assert [talk.read_bytes()] * 2 == list(world.uploads.values())
    (document,) = [json.loads(text) for text in run("upload", str(talk), "--type", "a/b", "--json").stdout.splitlines()]
    assert {"file", "url"} == {*document}
    assert "a/b" == [*world.upload_types.values()][-1]
    found = run("upload", str(tmp_path / "missing.mp4"))
    assert (2, "") == (found.exit_code, found.stdout)
    assert "cannot be uploaded" in found.stderr


def test_an_upload_that_is_refused(server: ServerThread, talk: Path) -> None:
    """One sentence, and exit status 1."""
    answer = Answer(403, {}, b"<Error><Code>Denied</Code></Error>")
    server.simulator.faults = lambda request, _: answer if request.method == "PUT" else None
    found = run("upload", str(talk))
    assert 1 == found.exit_code
    assert "talk.mp3 could not be uploaded: the server responded with status 403 (Denied)" in found.stderr


def test_transcribe(world: World, talk: Path) -> None:
    """Text from a file, which is uploaded, or from an address."""
    assert TEXT == run("transcribe", str(talk), *WAIT).stdout
    assert 1 == len(world.uploads)
    assert TEXT == run("transcribe", URL, *WAIT).stdout
    assert run("transcribe", URL, *WAIT, "--as", "srt").stdout.startswith("1\n00:00:00,000 --> 00:00:00,800\nWater")
    assert run("transcribe", URL, *WAIT, "--as", "vtt").stdout.startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert "transcript" in json.loads(run("transcribe", URL, *WAIT, "--as", "json").stdout)["data"]
    assert 5 == len(world.other_jobs)


@pytest.mark.parametrize(
    ("name", "beginning"), [("a.srt", "1\n"), ("a.VTT", "WEBVTT"), ("a.json", "{"), ("a.x", "Water")]
)
def test_transcribe_into_a_file(tmp_path: Path, name: str, beginning: str) -> None:
    """Its ending chooses what is written, unless it is said."""
    assert "" == run("transcribe", URL, *WAIT, "--output", str(tmp_path / name)).stdout
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)
    run("transcribe", URL, *WAIT, "--output", str(tmp_path / name), "--as", "text")
    assert TEXT == (tmp_path / name).read_text(encoding="utf-8")


def test_image(world: World) -> None:
    """The address of the picture, or what the API says about it."""
    found = run("image", "A lighthouse", "--style", "artistic", *WAIT)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/media/ai/[0-9a-f-]{36}\.png\n", found.stdout)
    document = json.loads(run("image", "A lighthouse", "--model", "nanobanana", *WAIT, "--json").stdout)
    assert 4 == document["data"]["aiCreditsUsed"]
    assert 2 == len(world.other_jobs)
    found = run("image", "four")
    assert (2, "") == (found.exit_code, found.stdout)
    assert "fewer than 5 characters" in found.stderr


@pytest.mark.parametrize("limit", ["--max-wait", "--stalled"])
@pytest.mark.parametrize("command", ["image", "transcribe"])
def test_a_wait_that_ends_early(world: World, command: str, limit: str) -> None:
    """What is paid for is not lost: the command to wait again is printed, and starts nothing new."""
    world.job_seconds = 1e6
    found = run(command, URL, *WAIT, limit, "0.2")
    assert 4 == found.exit_code
    assert ("--stalled" in found.stderr) is (limit == "--stalled")
    (job,) = world.other_jobs
    assert re.search(rf"  pictory {command} --job {job.id} .*--interval 0\.05\b", found.stderr)
    world.job_seconds = job.ends_at = 0.0
    again = run(command, "--job", job.id, *WAIT)
    assert (0, True) == (again.exit_code, bool(again.stdout))
    assert [job] == world.other_jobs


def test_the_progress_of_a_wait(world: World) -> None:
    """A line now and then says what the job does."""
    world.job_seconds = 1e6
    with started("image", "A lighthouse", *WAIT) as process:
        assert process.stderr is not None
        text = ""
        while "is in-progress" not in text:
            text = process.stderr.readline()
        (job,) = world.other_jobs
        code, _, err = interrupted(process)
    assert 130 == code
    assert f"pictory image --job {job.id}" in err


def test_a_request_that_is_interrupted(server: ServerThread, world: World) -> None:
    """Nobody knows whether it started a job, and it says so."""
    server.simulator.latency = 60.0
    with started("image", "A lighthouse", "--log-file", "/dev/stderr") as process:
        assert process.stderr is not None
        server.simulator.start()
        while not server.open_connections:
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert 130 == process.returncode
    assert "may have been started" in err
    assert [] == world.other_jobs


@pytest.mark.parametrize("command", ["image", "transcribe"])
def test_a_lost_response(server: ServerThread, command: str) -> None:
    """It has an exit status of its own."""
    server.simulator.faults = lambda *_: Answer(504)
    found = run(command, URL)
    assert 5 == found.exit_code
    assert "It is not known whether the " in found.stderr
    assert "--job" not in found.stderr


def test_a_job_that_failed(world: World) -> None:
    """There is nothing to wait for again."""
    world.quota = {"aiCredits": (5.0, 5.0)}
    found = run("image", "A lighthouse", *WAIT)
    assert 3 == found.exit_code
    assert "too few AI credits" in found.stderr
    assert "--job" not in found.stderr


@pytest.mark.parametrize("command", ["image", "transcribe"])
def test_what_to_work_on(command: str) -> None:
    """Either something new or a job, and not both."""
    assert 2 == run(command).exit_code
    assert 2 == run(command, URL, "--job", "j").exit_code
