"""The page that a customer gets: its heading and logo, what is folded, embedded pictures, and previous videos."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pictory_async.errors import PictoryConfigError
from pictory_async.insight import project_report_html
from pictory_async.models import Project

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
PICTURE, PAGE = "https://media.example/p.jpg", "https://video.example/p"
FILM = Project(
    id="p", name="Film", video_url="https://media.example/v.mp4", share_video_url=PAGE, thumbnail_url=PICTURE
)


def test_heading_and_logo() -> None:
    """Both are the caller's, the title is escaped, and the policy allows pictures that are in the page."""
    page = project_report_html([FILM, FILM], title="ACME <3", logo=PNG)
    assert "<title>ACME &lt;3</title>" in page
    assert '<h1 dir="auto">ACME &lt;3</h1>' in page
    assert '<img class="logo" src="data:image/png;base64,iVBOR' in page
    assert "img-src https: data:;" in page
    assert "data:" not in project_report_html(FILM)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"title": ""}, "title must not be empty"),
        ({"title": "x" * 201}, "at most 200"),
        ({"logo": b"<html>"}, "logo must be the bytes of a PNG"),
        ({"logo": "logo.png"}, "logo must be the bytes of a PNG"),
    ],
)
def test_what_cannot_work(options: dict[str, Any], says: str) -> None:
    """A heading that is none, and a file that is no picture."""
    with pytest.raises(PictoryConfigError, match=says):
        project_report_html(FILM, **options)


def test_a_brief_page() -> None:
    """A button leads to the video, with its address for a page on paper; everything else is folded."""
    page = project_report_html(FILM, brief=True)
    shown, folded, rest = re.split(r"<details>|</details>", page.partition("<body>")[2])
    assert f'href="{PAGE}"' in shown
    assert f'Watch the video</a><span class="id">{PAGE}</span>' in shown
    assert "v.mp4" not in shown + rest
    assert "<summary>Technical details</summary>" in folded
    assert "v.mp4" in folded
    assert "Watch the video" not in project_report_html(Project(id="p", share_video_url="javascript:x"), brief=True)
    assert "<details>" not in project_report_html(FILM)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF89a", "gif"),
        (b"RIFF\n\n\n\nWEBP", "webp"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x">', "svg+xml"),
        (b"<html><svg>", None),
    ],
)
def test_embedded_pictures(content: bytes, kind: str | None) -> None:
    """What is a picture is in the page; anything else is loaded from its address as before."""
    page = project_report_html(FILM, pictures={PICTURE: content})
    assert (f'<img src="{PICTURE}"' in page) is (kind is None)
    assert kind is None or f'<img src="data:image/{kind};base64,' in page


def test_a_previous_video() -> None:
    """While a new video is rendered, nothing passes the old one off as it."""
    page = project_report_html(
        Project(id="p", video_url=FILM.video_url, share_video_url=PAGE, in_progress=True), brief=True
    )
    assert "Until it is ready, the files are those of the previous one." in page
    assert "Watch the previous video" in page
    assert "Video (previous video)" in page
    assert "previous" not in project_report_html(Project(id="p", in_progress=True), brief=True)
