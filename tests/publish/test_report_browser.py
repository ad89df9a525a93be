"""The report in a real browser: nothing runs, nothing is fetched, nothing sticks out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from browsers import NAMES, Site, browse, find_browser
from stories import HOSTILE, story

from skillgit.publish.report import report

BROWSER = find_browser() or ""
pytestmark = pytest.mark.skipif(not BROWSER, reason=f"none of {', '.join(NAMES)} is installed")

WIDTHS = (360, 1280)
# Each tells its name to the page around it if it runs, and the site if it is fetched.
ATTACKS = (
    "<script>parent.ran.push('{name}')</script>",
    "<script src={site}/canary/{name}/script></script>",
    "<img src={site}/canary/{name}/img onerror=\"parent.ran.push('{name}')\">",
    "\"><svg onload=parent.ran.push('{name}')><image href={site}/canary/{name}/svg /></svg>",
    "</pre></code></style></title>",
    "<iframe src=\"javascript:parent.parent.ran.push('{name}')\"></iframe>",
    "<link rel=stylesheet href={site}/canary/{name}/link>",
    "<link rel=prefetch href={site}/canary/{name}/prefetch>",
    "<style>@import url({site}/canary/{name}/import);</style>",
    "<style>body{{background:url({site}/canary/{name}/css)}}</style>",
    "<object data={site}/canary/{name}/object></object>",
    "<video src={site}/canary/{name}/video></video>",
    "<details open ontoggle=parent.ran.push('{name}')></details>",
    "<a href=javascript:parent.ran.push('{name}')>x</a>",
    "<input autofocus onfocus=parent.ran.push('{name}')>",
    "<base href={site}/canary/{name}/base>",
)
WRAPPER = """<!doctype html><title>wrapper</title>
<script>window.ran = []</script>
{frames}
<script>
addEventListener("load", () => setTimeout(() => {{
  const told = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentDocument;
    for (const one of page.querySelectorAll("details")) one.open = true;
    const root = page.documentElement;
    const out = [...page.body.querySelectorAll("*")].filter((one) => {{
      const at = one.getBoundingClientRect();
      return at.right > root.clientWidth + 1 && !one.closest(".wide");
    }});
    return {{
      name: frame.id, scroll: root.scrollWidth, client: root.clientWidth,
      out: out.slice(0, 5).map((one) => one.outerHTML.slice(0, 120)),
      background: getComputedStyle(page.body).backgroundColor, title: page.title,
    }};
  }});
  document.body.innerHTML = "<pre id=told></pre>";
  document.getElementById("told").textContent = JSON.stringify({{ told, ran }});
}}, 1000));
</script>"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser made of the pages."""

    frames: dict[str, dict[str, object]]
    ran: set[str]
    asked: list[str]


def attack(name: str, site: str) -> str:
    return "".join(ATTACKS).format(name=name, site=site)


def look(pages: dict[str, str], home: Path, site: Site) -> Seen:
    """Each page in a frame of each width."""
    site.pages |= {f"/{name}": page for name, page in pages.items()}
    frames = "".join(
        f'<iframe id="{name}-{width}" src="/{name}" width="{width}" height="900"></iframe>'
        for name in pages
        for width in WIDTHS
    )
    site.pages["/wrapper"] = WRAPPER.format(frames=frames)
    dom = browse(BROWSER, home, f"{site.url}/wrapper", "--window-size=2800,1600", "--dump-dom")
    found = re.search(r'<pre id="told">(.*?)</pre>', dom, re.DOTALL)
    assert found, dom[:2000]
    told = json.loads(unescape(found[1]))
    return Seen({one["name"]: one for one in told["told"]}, set(told["ran"]), site.asked)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One start of the browser for all pages: it takes a second or two."""
    with Site({}) as site:
        words = f"{HOSTILE} {attack('report', site.url)} {'W' * 3000} "
        hostile = report(story(words, lessons=4, dropped=1))
        pages = {
            "report": hostile,
            "plain": report(story("some words of a usual length, said twice " * 2)),
            # As if the escaping had failed: the page's own policy must hold.
            "smuggled": hostile.replace("<main>", f"<main>{attack('smuggled', site.url)}"),
            # Without escaping and policy all of it runs, or the test could not see anything.
            "control": f"<!doctype html><body>{attack('control', site.url)}",
        }
        return look(pages, tmp_path_factory.mktemp("browser"), site)


def test_the_attacks_work_where_nothing_holds_them(seen: Seen) -> None:
    fetched = {path.split("/")[3] for path in seen.asked if path.startswith("/canary/control/")}

    assert "control" in seen.ran
    assert fetched >= {"script", "img", "link", "import"}


def test_no_text_of_a_round_runs(seen: Seen) -> None:
    assert seen.ran == {"control"}


def test_nothing_is_fetched(seen: Seen) -> None:
    assert not [path for path in seen.asked if re.match(r"/canary/(report|smuggled)/", path)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", ["report", "plain"])
def test_nothing_sticks_out(seen: Seen, page: str, width: int) -> None:
    frame = seen.frames[f"{page}-{width}"]

    assert frame["client"] == width
    assert (frame["scroll"], frame["out"]) == (width, [])


def test_the_page_is_styled_by_its_own_sheet(seen: Seen) -> None:
    assert seen.frames["report-360"]["title"] == "xlsx: round 20261121T231905Z-7f3ac1"
    assert seen.frames["plain-360"]["background"] == "rgb(255, 255, 255)"
    assert seen.frames["smuggled-360"]["background"] == "rgb(255, 255, 255)"


def test_alone_in_a_window_it_asks_for_itself_alone(tmp_path: Path) -> None:
    with Site({"/report": report(story(HOSTILE))}) as site:
        picture = tmp_path / "report.png"
        browse(
            BROWSER,
            tmp_path / "home",
            f"{site.url}/report",
            "--window-size=1280,1600",
            f"--screenshot={picture}",
        )

        assert picture.stat().st_size > 20_000
        assert site.asked == ["/report"]
