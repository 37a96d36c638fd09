"""The HTML report: well formed, safe and complete."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async.insight import project_report_html
from pictory_async.insight._html_parts import is_web_address
from pictory_async.insight._text import clean, length, shown
from pictory_async.models import Project
from tests.insight._samples import PROJECT_ID, documented_project, read_project
from tests.strategies import any_projects

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VOID = {"meta", "img"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;script&gt;",
    "\x00<b>\x1b[31m",
    "\u202egpj.exe",
]
BAD_URLS = [
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example/x",
    "https:evil",
    "https:///evil",
    "https://\\evil",
    "https://a b",
    "file:///etc/passwd",
    "vbscript:x",
]
TEXT_FIELDS = [
    *("name", "project_type", "source", "step", "schema_version", "layout", "thumbnail_url", "video_url"),
    *("share_video_url", "audio_url", "srt_url", "vtt_url", "txt_url", "language", "voice_over_id", "brand_id"),
    "smart_template_id",
]


class Page(HTMLParser):
    """The page as a browser parses it: elements with attributes, and whether all are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        self.text += data

    def all(self, name: str) -> list[dict[str, Any]]:
        return [attributes for tag, attributes in self.elements if tag == name]


def is_safe(page: Page) -> bool:
    allowed = {
        *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "ul", "ol", "li", "time"),
        *("section", "div", "table", "thead", "tbody", "tr", "th", "td", "span", "i", "a", "svg", "line", "circle"),
        *("path", "article", "img", "dl", "dt", "dd", "bdi"),
    }
    names = {name for _, attributes in page.elements for name in attributes}
    return (
        {tag for tag, _ in page.elements} <= allowed
        and not any(name.startswith("on") or name == "style" for name in names)
        and all(re.match(r"https?://[^\s\\/]|#p\d+$", link["href"], re.IGNORECASE) for link in page.all("a"))
        and all(image["src"].lower().startswith("https://") for image in page.all("img"))
    )


def many() -> list[Project]:
    base = documented_project()
    rendered = datetime(2025, 12, 1, tzinfo=UTC)
    return [
        attrs.evolve(base, id="a", name="Old video", generated_at=rendered, saved_at=rendered + timedelta(hours=3.5)),
        attrs.evolve(base, id="b", name="Fresh", generated_at=rendered + timedelta(days=10), saved_at=rendered),
        attrs.evolve(base, id="c", name="Busy", in_progress=True, generated_at=None),
        read_project("d"),
    ]


class TestContent:
    """What the page shows."""

    def test_one_project(self):
        """The page of one project has its name, id, picture, state, times, settings and links, and no overview."""
        page = Page(project_report_html(documented_project(), now=NOW))
        project = documented_project()
        text = page.text
        assert "Pictory project: Hello World Template" in text
        for expected in (
            PROJECT_ID,
            "Rendered, saved since",
            "16:9",
            "1.99 s",
            "50 %",
            "100 %",
            "STORYBOARD",
            project.brand_id,
        ):
            assert str(expected) in text
        assert "Video rendered 2025-12-22 22:23:57 UTC" in text
        assert "Saved 2025-12-23 01:54:26 UTC (3 h 30 min later)" in text
        assert [project.thumbnail_url] == [image["src"] for image in page.all("img")]
        assert ["Watch online", "Video", "Audio", "Subtitles (SRT)", "Subtitles (WebVTT)", "Transcript"] == re.findall(
            r"<a [^>]*>([^<]*)</a>", project_report_html(project, now=NOW)
        )
        assert [] == page.all("table")

    def test_times_have_their_offset(self):
        """Every time is also there for programs, in UTC with its offset."""
        times = [each["datetime"] for each in Page(project_report_html(documented_project(), now=NOW)).all("time")]
        assert "2026-01-02T03:04:05+00:00" in times
        assert 3 == len([time for time in times if datetime.fromisoformat(time).utcoffset() == timedelta(0)])

    def test_many_projects(self):
        """The page of several projects counts their states, and its overview with timelines links to each project."""
        html = project_report_html(iter(many()), now=NOW)
        page = Page(html)
        assert "4 Pictory projects" in page.text
        counts = ["1 rendered, saved since", "1 rendered", "1 rendering", "1 no video"]
        assert counts == re.findall(r'<li class="badge \w+">([^<]*)</li>', html)
        assert ["#p1", "#p2", "#p3", "#p4"] == [each["href"] for each in page.all("a") if each["href"][0] == "#"]
        assert ["p1", "p2", "p3", "p4"] == [each["id"] for each in page.all("article")]
        labels = [each["aria-label"] for each in page.all("svg") if "aria-label" in each]
        assert "rendered 2025-12-01 00:00, saved 2025-12-01 03:30" == labels[0]
        assert "no dates" == labels[3]
        assert ["2.00%", "98.00%"] == re.findall(r'<circle class="dot-rendered" cx="([^"]*)"', html)[0:1] + [
            each["x"] for each in page.all("svg") if each.get("x") == "98.00%"
        ]

    def test_one_time_only(self):
        """If all times are equal, the mark is in the middle; without times, there is no timeline."""
        project = Project(id="p", saved_at=NOW)
        assert 'x="50.00%"' in project_report_html([project, project], now=NOW)
        assert "<svg" not in project_report_html([Project(id="p"), Project(id="q")], now=NOW)

    def test_nothing_known(self):
        """A project without any values is named by its id, and the page says what is missing."""
        text = Page(project_report_html(Project(id=17), now=NOW)).text
        assert "Pictory project: 17" in text
        assert "No picture" in text
        assert "No files yet." in text
        assert "No video" in text

    def test_no_project(self):
        """A report about no project is a page that says so."""
        assert "0 Pictory projects" in Page(project_report_html([], now=NOW)).text

    def test_same_input_same_page(self):
        """The page depends only on the projects and the time."""
        assert project_report_html(many(), now=NOW) == project_report_html(many(), now=NOW)
        assert project_report_html([]) != ""


class TestSafety:
    """What the page cannot do, even with malicious values."""

    def test_policy(self):
        """The content security policy allows HTTPS pictures and the one style sheet by its hash, nothing else."""
        html = project_report_html(documented_project(), now=NOW)
        (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        (policy,) = [each["content"] for each in Page(html).all("meta") if "http-equiv" in each]
        assert (
            f"default-src 'none'; img-src https:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        ) == policy
        assert html.index("Content-Security-Policy") < html.index("<style>")
        assert not re.search(r"url\(|@import|<link|<script", html)

    @pytest.mark.parametrize("text", [*HOSTILE, *BAD_URLS])
    def test_hostile_text_everywhere(self, text):
        """Malicious text in any field stays text."""
        project = attrs.evolve(documented_project(), **dict.fromkeys(TEXT_FIELDS, text))
        html = project_report_html([project, attrs.evolve(project, id=text)], now=NOW)
        page = Page(html)
        assert is_safe(page)
        assert clean(text) in page.text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", html)

    @pytest.mark.parametrize("url", BAD_URLS)
    def test_no_link_to_a_url_that_is_not_a_web_address(self, url):
        """A URL that is not an absolute HTTP URL is shown as text."""
        page = Page(project_report_html(Project(id="p", video_url=url, thumbnail_url=url), now=NOW))
        assert [] == page.all("a")
        assert [] == page.all("img")
        assert "not a web address" in page.text

    def test_links_send_no_referrer(self):
        """Links and pictures are opened without a referrer and without access to the page."""
        page = Page(project_report_html(documented_project(), now=NOW))
        assert {"noopener noreferrer"} == {each["rel"] for each in page.all("a")}
        assert {"no-referrer"} == {each["referrerpolicy"] for each in page.all("img")}
        assert {"name": "referrer", "content": "no-referrer"} in page.all("meta")

    def test_plain_http(self):
        """A plain HTTP URL becomes a link, but is not loaded as a picture."""
        url = "http://example.com/x"
        page = Page(project_report_html(Project(id="p", video_url=url, thumbnail_url=url), now=NOW))
        assert [url] == [each["href"] for each in page.all("a")]
        assert [] == page.all("img")

    @given(st.lists(any_projects, max_size=3), st.text())
    def test_anything(self, objects, name):
        """Any projects lead to a well-formed page without active content."""
        vital = {"project_id", "step", "inProgress", "videoURL", "generatedDate", "projectName"}
        projects = [
            read_project(name, **{key: value for key, value in fields.items() if key not in vital}, projectName=name)
            for fields in objects
        ]
        html = project_report_html(projects, now=NOW)
        assert is_safe(Page(html))
        html.encode()

    def test_web_address(self):
        """A web address is absolute, is HTTP or HTTPS in any case, and has a host and no spaces."""
        assert is_web_address("HTTPS://example.com/a%20b?c=d#e")
        assert not any(map(is_web_address, BAD_URLS))


class TestText:
    """Values as text."""

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (0, "0 s"),
            (1.99, "1.99 s"),
            (60, "1 min"),
            (125.4, "2 min 5 s"),
            (3600, "1 h"),
            (12_600, "3 h 30 min"),
            (86_400, "1 d"),
            (90_000, "1 d 1 h"),
        ],
    )
    def test_length(self, seconds, expected):
        """A duration has at most two units."""
        assert expected == length(seconds)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (None, "—"),
            ("", "—"),
            (True, "yes"),
            (False, "no"),
            (100.0, "100"),
            (1e6, "1000000.0"),
            ((), "any"),
            (["a", "b"], "a, b"),
            ("a\nb\x1b[0m", "a b [0m"),
            (7, "7"),
        ],
    )
    def test_shown(self, value, expected):
        """A value is one line without control characters."""
        assert expected == shown(value)
