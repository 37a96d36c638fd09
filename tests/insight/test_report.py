"""Reports and metadata: the documented structure, and files that are complete or not there."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import anyio
import attrs
import pytest

from pictory_async.insight import project_report, write_html_report, write_report
from pictory_async.models import Project
from tests.insight._samples import PAYLOADS, PROJECT_ID, documented_project

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY: dict[str, Any] = json.loads((PAYLOADS / "get-project-by-id-1.json").read_bytes())


def in_utc(text: str) -> str:
    return datetime.fromisoformat(text).isoformat()


class TestMetadata:
    """``project.metadata()``."""

    def test_documented_grouping(self):
        """The documented project has the documentation's keys with the API's values; times have their offset."""
        assert {
            "name": BODY["projectName"],
            "source": BODY["source"],
            "schema": BODY["schemaVersion"],
            "aspectRatio": BODY["layout"],
            "duration": BODY["videoDuration"],
            "language": BODY["scriptLanguage"],
            "created": in_utc(BODY["generatedDate"]),
            "lastSaved": in_utc(BODY["saveDate"]),
            "voiceOver": BODY["voiceOverId"],
            "brand": BODY["brandId"],
            "template": BODY["smartTemplateId"],
            "sceneSettings": {"maxLines": 2, "autoHighlight": True, "autoVisuals": True},
            "assets": {
                "video": BODY["videoURL"],
                "audio": BODY["audioURL"],
                "shareLink": BODY["shareVideoURL"],
                "subtitles": {"srt": BODY["srtFile"], "vtt": BODY["vttFile"], "txt": BODY["txtFile"]},
            },
        } == documented_project().metadata().to_dict()

    def test_typed(self):
        """The metadata has Python types and can be compared."""
        metadata = documented_project().metadata()
        assert datetime(2025, 12, 22, 22, 23, 57, 210_000, tzinfo=UTC) == metadata.created
        assert 2 == metadata.scene_settings.max_lines
        assert metadata == documented_project().metadata()

    def test_empty_project(self):
        """A project without any values has all keys; empty ids and URLs are `None`."""
        metadata = Project(id="p", brand_id="", video_url="").metadata().to_dict()
        assert documented_project().metadata().to_dict().keys() == metadata.keys()
        assert [None] * 11 == [value for value in metadata.values() if not isinstance(value, dict)]
        assert metadata["assets"]["subtitles"] == {"srt": None, "vtt": None, "txt": None}


class TestReport:
    """``project_report()``."""

    def test_documented_structure(self):
        """The report has exactly the keys of the documentation's sample, in the same order."""
        report = project_report(documented_project(), now=NOW)
        assert {
            "reportGenerated": "2026-01-02T03:04:05+00:00",
            "projectId": PROJECT_ID,
            "basicInfo": {
                "name": "Hello World Template",
                "source": "script",
                "status": "STORYBOARD",
                "inProgress": False,
                "schemaVersion": "v3",
            },
            "videoSettings": {"layout": "16:9", "duration": 1.99, "volume": 50},
            "audioSettings": {"language": "en", "voiceOverId": BODY["voiceOverId"], "speed": 100},
            "timestamps": {"created": in_utc(BODY["generatedDate"]), "lastSaved": in_utc(BODY["saveDate"])},
            "assets": {
                "video": BODY["videoURL"],
                "audio": BODY["audioURL"],
                "thumbnail": BODY["thumbnail"],
                "shareLink": BODY["shareVideoURL"],
                "subtitles": {"srt": BODY["srtFile"], "vtt": BODY["vttFile"], "txt": BODY["txtFile"]},
            },
            "branding": {"brandId": BODY["brandId"], "templateId": BODY["smartTemplateId"]},
        } == report
        assert ["reportGenerated", "projectId", "basicInfo", "videoSettings"] == list(report)[:4]

    @pytest.mark.parametrize(
        "now",
        [
            datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001  # what users write
            datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2))),
        ],
    )
    def test_now_is_utc(self, now):
        """The time of the report is in UTC; a time without a zone is taken as UTC."""
        assert project_report(documented_project(), now=now)["reportGenerated"] == "2026-01-02T03:04:05+00:00"

    def test_clock(self):
        """By default, the report has the current time."""
        made = datetime.fromisoformat(project_report(documented_project())["reportGenerated"])
        assert timedelta(0) == made.utcoffset()
        assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)

    def test_empty_project(self):
        """The report of a project without any values has the same keys."""

        def keys(value: Any) -> Any:
            return {key: keys(each) for key, each in value.items()} if isinstance(value, dict) else None

        assert keys(project_report(documented_project())) == keys(project_report(Project(id=7)))
        assert project_report(Project(id=7))["projectId"] == 7


@pytest.mark.anyio
class TestFiles:
    """``write_report()`` and ``write_html_report()``."""

    async def test_report(self, tmp_path):
        """The file has the report as readable UTF-8 JSON, and there is no other file."""
        project = attrs.evolve(documented_project(), name="Été 🎉")
        path = await write_report(project, tmp_path / "report.json", now=NOW)
        assert tmp_path / "report.json" == path
        assert project_report(project, now=NOW) == json.loads(path.read_bytes())
        assert "Été 🎉" in path.read_text(encoding="utf-8")
        assert [path] == list(tmp_path.iterdir())

    async def test_html(self, tmp_path):
        """The HTML file is UTF-8, about one project or about any number from any iterable."""
        one = await write_html_report(documented_project(), str(tmp_path / "one.html"), now=NOW)
        many = await write_html_report((Project(id=number) for number in range(3)), tmp_path / "many.html")
        assert one.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        assert 3 == many.read_text(encoding="utf-8").count("<article")

    async def test_lone_surrogate(self, tmp_path):
        """A name with half a surrogate pair, which has no UTF-8 form, can be written too."""
        project = attrs.evolve(documented_project(), name="a\ud83d")
        assert (
            "a\ud83d"
            == json.loads((await write_report(project, tmp_path / "r.json")).read_bytes())["basicInfo"]["name"]
        )
        assert "a\N{REPLACEMENT CHARACTER}" in (await write_html_report(project, tmp_path / "r.html")).read_text(
            "utf-8"
        )

    async def test_replaced(self, tmp_path):
        """An existing file is replaced and keeps its permissions; a link to it stays a link."""
        target, link = tmp_path / "target.json", tmp_path / "link.json"
        target.write_text("old")
        target.chmod(0o640)
        link.symlink_to(target)
        assert target == await write_report(documented_project(), link)
        assert link.is_symlink()
        assert 0o640 == stat.S_IMODE(target.stat().st_mode)
        assert target.read_text().startswith("{")

    async def test_new_file_has_usual_permissions(self, tmp_path):
        """A new file has the usual permissions, not those of a temporary file."""
        (tmp_path / "usual").touch()
        path = await write_report(documented_project(), tmp_path / "report.json")
        assert (tmp_path / "usual").stat().st_mode == path.stat().st_mode

    async def test_failure_leaves_nothing(self, tmp_path):
        """If the target cannot be replaced, it stays, and no temporary file is left."""
        (tmp_path / "report.json").mkdir()
        with pytest.raises(OSError, match=r"report\.json"):
            await write_report(documented_project(), tmp_path / "report.json")
        assert [tmp_path / "report.json"] == list(tmp_path.iterdir())

    async def test_missing_directory(self, tmp_path):
        """A missing directory is an error; it is not created."""
        with pytest.raises(FileNotFoundError):
            await write_html_report(documented_project(), tmp_path / "missing" / "report.html")
        assert [] == list(tmp_path.iterdir())

    async def test_not_a_number(self, tmp_path):
        """A value that JSON cannot express is an error before anything is written."""
        with pytest.raises(ValueError, match="JSON"):
            await write_report(attrs.evolve(documented_project(), duration=float("nan")), tmp_path / "r.json")
        assert [] == os.listdir(tmp_path)  # noqa: PTH208  # names are enough

    async def test_long_name(self, tmp_path):
        """The file name can be as long as the file system allows."""
        path = tmp_path / ("n" * 250 + ".json")
        assert path == await write_report(documented_project(), path)

    async def test_never_half(self, tmp_path):
        """A reader always finds a complete file while the report is written again and again."""
        path = await write_report(documented_project(), tmp_path / "report.json", now=NOW)
        whole = path.read_bytes()

        async def write() -> None:
            for _ in range(10):
                await write_report(documented_project(), path, now=NOW)
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            while True:
                assert whole == await anyio.Path(path).read_bytes()

    async def test_cancelled(self, tmp_path):
        """A cancelled call leaves a complete file or none, and no temporary file."""
        with anyio.CancelScope() as scope:
            scope.cancel()
            await write_report(documented_project(), tmp_path / "report.json")
        assert scope.cancelled_caught
        assert [] == list(tmp_path.iterdir())
