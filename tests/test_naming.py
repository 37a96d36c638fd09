"""Names from a template: what the fields become, which templates are refused, and that no name leads out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from pictory_async import check_naming, errors
from pictory_async._files.inside import checked_name
from pictory_async._files.naming import FileNames, naming_of
from pictory_async.models import Project

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDINGS = {"video": "mp4", "audio": "mp3", "srt": "srt", "vtt": "vtt", "txt": "txt", "thumbnail": "jpg"}


def project(**facts: Any) -> Project:
    """A project with all its files."""
    files = {
        "video_url": "https://media.invalid/a.mp4",
        "audio_url": "https://media.invalid/a.mp3",
        "srt_url": "https://media.invalid/a.srt",
        "vtt_url": "https://media.invalid/a.vtt",
    }
    dates = {"generated_at": datetime(2026, 1, 3, 23, 59, tzinfo=UTC), "saved_at": datetime(2026, 1, 2, tzinfo=UTC)}
    return Project(**{"id": "p1", "name": "Film", "language": "en", **files, **dates, **facts})


def name(template: str | None, kind: str = "video", fields: Mapping[str, str] | None = None, **facts: Any) -> str:
    """What a file of a project is called."""
    found = project(**facts)
    names = FileNames(found, naming_of(template, None if fields is None else {found.id: fields}))
    return names.name(kind, found.assets[kind], names.plain)


@pytest.mark.parametrize(
    ("template", "kind", "expected"),
    [
        (None, "srt", "Film.srt"),
        ("{customer}/{name} [{id}].{lang}.{ext}", "srt", "ACME/Film [p1].en.srt"),
        ("{customer}/{name} [{id}].{lang}.{ext}", "video", "ACME/Film [p1].mp4"),
        ("{date}/{saved}/{kind}.{ext}", "audio", "2026-01-03/2026-01-02/audio.mp3"),
        ("{ CUSTOMER }-{Name}.{ext}", "video", "ACME-Film.mp4"),
        ("{name}", "video", "Film.mp4"),
        ("{name}_{ext}", "video", "Film_mp4.mp4"),
        ("{name}{ext}", "video", "Filmmp4.mp4"),
        ("{ext}/{name}.bat", "video", "mp4/Film.bat.mp4"),
        ("{lang}{name}", "vtt", "enFilm.vtt"),
        ("{date}/{customer}/{name}..{ext}", "video", "2026-01-03/ACME/Film.mp4"),
        ("a b/{name.__class__}", "video", "a b/safe.mp4"),
    ],
)
def test_the_fields_of_a_template(template: str | None, kind: str, expected: str) -> None:
    """Each field is filled in, and every name ends as the kind of file does, whatever the template says."""
    fields = {"Customer": "ACME", "name.__class__": "safe"} if template else None
    assert expected == name(template, kind, fields)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "_/Film.mp4"),
        ("..", "_/Film.mp4"),
        ("../../etc", "_.._etc/Film.mp4"),
        ("a/b\\c", "a_b_c/Film.mp4"),
        ("/abs", "_abs/Film.mp4"),
        ("C:x", "C_x/Film.mp4"),
        ("{id}", "{id}/Film.mp4"),
        ("CON", "_CON/Film.mp4"),
        (" .hidden. ", "hidden/Film.mp4"),
        ("x\0\n\u202e", "x___/Film.mp4"),
    ],
)
def test_a_value_is_one_part_of_a_path(value: str, expected: str) -> None:
    """Only the slashes of the template make directories, and no value is expanded again."""
    assert expected == name("{customer}/{name}.{ext}", fields={"customer": value})


def test_fields_that_are_empty() -> None:
    """What is unknown is left out: a project without a row, without dates, and subtitles without a language."""
    naming = naming_of("{customer}/{name}{date}{saved}.{lang}.{ext}", {"other": {"customer": "ACME"}})
    found = project(generated_at=None, saved_at=None, language=None)
    names = FileNames(found, naming)
    assert "_/Film.srt" == names.name("srt", found.assets["srt"], names.plain)


@pytest.mark.parametrize(
    ("language", "address", "expected"),
    [
        ("en-US", "a.srt", "Film.en-US.srt"),
        ("en", "talk.de.srt", "Film.de.srt"),
        ("en", "talk.pt-BR.srt", "Film.pt-BR.srt"),
        ("en", "talk.cut.srt", "Film.en.srt"),
        ("../x", "a.srt", "Film.srt"),
        ("", "a.srt", "Film.srt"),
        (None, "[", "Film.srt"),
    ],
)
def test_the_language_of_subtitles(language: str | None, address: str, expected: str) -> None:
    """It is in the address, or it is the project's; what is no language is left out, with its dot."""
    url = "http://[" if address == "[" else f"https://media.invalid/{address}"
    assert expected == name("{name}.{lang}.{ext}", "srt", language=language, srt_url=url)


def test_two_files_of_a_project_never_share_a_name() -> None:
    """A file whose name another kind has already gets its kind, also if only the case differs."""
    same = "https://media.invalid/b.MP4"
    assert "Film (audio).MP4" == name("{name}.{ext}", "audio", audio_url=same)
    assert "Film audio.MP4" == name("{name} {kind}", "audio", audio_url=same)
    assert "Film.mp4" == name("{name}.{ext}", "video", audio_url=same)


def test_a_long_name_keeps_its_ending() -> None:
    """Every part is cut to what file systems take."""
    found = name("{customer}/{name}.{ext}", fields={"customer": "ä" * 500}, name="ö" * 500)
    assert [150, 154] == [len(part.encode()) for part in found.split("/")]
    assert found.endswith("ö.mp4")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("", "no part of it may be empty"),
        ("/{name}", "relative"),
        ("~/{name}", "relative"),
        ("c:/{name}", "relative"),
        ("../{name}", "no part of it may be empty, '.' or '..'"),
        ("a/./{name}", "no part"),
        ("a//{name}", "no part"),
        ("a/ .. /{name}", "no part"),
        ("{name}/", "no part"),
        ("a\\{name}", "backslash"),
        ("{name", "each '{' needs a '}'"),
        ("name}", "each '{' needs a '}'"),
        ("{{name}}", "each '{' needs a '}'"),
        ("{}", "there is no field ''"),
        ("{nmae}", "there is no field 'nmae'; the fields are name, id, date, saved, kind, lang, ext, customer"),
        ("{name.__class__}", "there is no field 'name.__class__'"),
        ("{name[0]}", r"there is no field 'name\[0\]'"),
        ("{name!r}", "there is no field"),
        ("{name:>9}", "there is no field"),
        ("{ext}", "the file needs a name before its ending"),
        ("a/.{ext}", "the file needs a name before its ending"),
        (5, "naming must be a text"),
    ],
)
def test_templates_that_cannot_work(template: Any, why: str) -> None:
    """They are refused with a reason, and an unknown field with the known ones."""
    with pytest.raises(errors.PictoryConfigError, match=why):
        check_naming(template, ["Customer"])


def test_a_column_that_is_a_field_already() -> None:
    """It is refused only if the template uses it; the ids are the same anyway."""
    check_naming("{id}/{x}", ["id", "name", "x"])
    with pytest.raises(errors.PictoryConfigError, match="rename the column"):
        check_naming("{name}", ["id", "name", "x"])


@pytest.mark.parametrize("fields", [5, {"p": 5}, {"p": {"a": 1}}, {"p": {1: "a"}}, {"p": {"a": "", "A": ""}}])
def test_fields_that_cannot_work(fields: Any) -> None:
    """They are mappings of text, with each name once."""
    with pytest.raises(errors.PictoryConfigError, match="mapping"):
        naming_of("{name}", fields)


def test_fields_without_a_template() -> None:
    """Nothing would use them."""
    assert naming_of(None, {}) is None
    with pytest.raises(errors.PictoryConfigError, match="pass naming too"):
        naming_of(None, {"p": {"a": "b"}})


@given(template=st.text(st.sampled_from("{}ab/.\\~: \0") | st.characters(), max_size=30), value=st.text(max_size=30))
def test_no_template_and_no_value_lead_out(template: str, value: str) -> None:
    """Whatever both are, the name stays below the directory, in as many directories as the template has slashes."""
    try:
        naming = naming_of(f"{template}{{a}}/{{a}}{{name}}", {"p1": {"a": value}})
    except errors.PictoryConfigError:
        return
    found = project(name=value)
    names = FileNames(found, naming)
    path = names.name("video", found.assets["video"], names.plain)
    assert path == checked_name(path)
    assert template.count("/") + 1 == path.count("/")
