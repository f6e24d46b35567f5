"""The boards in a real browser: what is drawn is what is written beside it, at two widths, by sight and by rule."""

import json
import os
import shutil
import time
from pathlib import Path

import board_pages
import pytest

WIDTHS = (1280, 390)
REQUIRED = os.environ.get("AI_IMPACT_BROWSER") == "required"
PICTURES = os.environ.get("AI_IMPACT_PICTURES")
MISSING = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
if MISSING and not REQUIRED:
    pytest.skip(
        f"{' and '.join(MISSING)} not installed: run make test-boards as root on Debian, or apt-get install chromium "
        "chromium-driver",
        allow_module_level=True,
    )
selenium = pytest.importorskip("selenium", reason="selenium is not installed: run make test-boards")
axe = pytest.importorskip(
    "axe_playwright_python", reason="axe-playwright-python is not installed: run make test-boards"
)
AXE = (Path(axe.__file__).parent / "axe.min.js").read_text()

# Texts and what lies behind them: contrast below 4.5, or letters below 11 px. In SVG, axe sees neither.
SEEN = """
const linear = (c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
const behind = (node) => {
  for (let n = node; n; n = n.parentElement) {
    const c = parse(getComputedStyle(n).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c.slice(0, 3);
  }
  return [255, 255, 255];
};
const found = [];
for (const node of document.querySelectorAll('body *')) {
  const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !node.getClientRects().length || node.closest('script, .skip')) continue;
  const style = getComputedStyle(node), svg = node.closest('svg');
  const size = parseFloat(style.fontSize) * (svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1);
  const ink = parse(svg ? style.fill : style.color).slice(0, 3);
  const [a, b] = [luminance(ink), luminance(behind(svg || node))].sort((x, y) => y - x);
  const contrast = (a + .05) / (b + .05);
  const opacity = Number(style.opacity);
  // Vega makes labels that would overlap invisible.
  if (opacity === 0) continue;
  if (size >= 10.95 && contrast >= 4.5 && opacity >= .99) continue;
  found.push([node.textContent.slice(0, 40), size, contrast, opacity]);
}
return found;
"""
DRAWN = """
return [...document.querySelectorAll('figure')].map((figure) => ({
  id: figure.id,
  state: figure.dataset.drawn,
  rows: figure.querySelectorAll('tbody tr').length,
  shown: figure.querySelectorAll('tbody tr:not(.hidden-row)').length,
  points: figure.querySelectorAll('svg g.points_marks > *').length,
  bars: figure.querySelectorAll('svg g.bars_marks > *').length,
  crosses: figure.querySelectorAll('svg g.hidden_marks > *').length,
}));
"""


@pytest.fixture(scope="module")
def site(demo_warehouse, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    board_pages.write(folder, board_pages.reports(demo_warehouse))
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium.webdriver import Chrome
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    profile = tmp_path_factory.mktemp("profile")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def ready(browser) -> None:
    for _ in range(300):
        if browser.execute_script("return document.body && document.body.dataset.state") == "ready":
            return
        time.sleep(0.05)
    raise AssertionError(f"{browser.current_url} was not drawn: {browser.get_log('browser')}")


def show(browser, page: Path, width: int = 1280, state: str = "") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(f"{page.as_uri()}{state}")
    ready(browser)


def pages(site: Path) -> list[Path]:
    return sorted(site.glob("*.html"))


def test_all_that_has_a_number_is_drawn_and_nothing_else(browser, site):
    """A mark for each row that may be shown; the bridge has its own steps."""
    for page in pages(site):
        show(browser, page)
        figures = board_pages.content(page)["figures"]
        for drawn in browser.execute_script(DRAWN):
            chart = figures[drawn["id"]]["chart"]
            where = (page.name, drawn)
            if drawn["state"] == "empty":
                assert drawn["shown"] == 0, where
                continue
            assert drawn["rows"] > 0, where
            if chart == "bridge":
                assert drawn["bars"] > drawn["shown"] / 2, where
            elif chart in ("bars", "tornado"):
                assert drawn["bars"] <= drawn["shown"] and drawn["bars"] + drawn["points"] >= drawn["shown"], where
            else:
                assert drawn["points"] == drawn["shown"], where
            if chart == "kpi":
                assert drawn["crosses"] == drawn["rows"] - drawn["shown"], where


def test_nothing_is_requested_and_nothing_is_said(browser, site):
    for page in pages(site):
        show(browser, page)
        assert browser.get_log("browser") == [], page.name
        asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
        assert all(url.startswith((site.as_uri(), "data:", "about:")) for url in urls), urls


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_can_be_read(browser, site, width):
    for page in pages(site):
        show(browser, page, width)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page.name
        assert browser.execute_script(SEEN) == [], page.name


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(browser, site, width):
    for page in pages(site):
        show(browser, page, width)
        browser.execute_script(AXE)
        found = browser.execute_async_script("axe.run().then(arguments[0])")
        problems = [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found["violations"]]
        assert problems == [], page.name


def value(browser, name: str) -> str:
    return browser.execute_script(f"return document.querySelector('select[data-filter={name}]').value")


def choose(browser, name: str, wanted: str) -> None:
    browser.execute_script(
        f"const s = document.querySelector('select[data-filter={name}]'); s.value = arguments[0]; "
        "s.dispatchEvent(new Event('change', {bubbles: true}));",
        wanted,
    )
    ready(browser)


def panels(browser) -> list[str]:
    return browser.execute_script("return [...document.querySelectorAll('figure .big')].map((n) => n.textContent)")


def test_filters_change_what_is_drawn_and_the_address_and_a_link_restores_it(browser, site):
    show(browser, site / "execution.html")
    first, drawn = panels(browser), browser.execute_script(DRAWN)
    choose(browser, "use_case_id", "incident_triage")
    choose(browser, "months", "6")
    second = panels(browser)
    assert second != first
    assert max(figure["rows"] for figure in browser.execute_script(DRAWN)) == 6 < max(f["rows"] for f in drawn)
    state = browser.current_url.split("#")[1]
    assert "use_case_id=incident_triage" in state and "months=6" in state
    show(browser, site / "execution.html", state=f"#{state}")
    assert panels(browser) == second and value(browser, "use_case_id") == "incident_triage"
    show(browser, site / "execution.html", state="#use_case_id=nobody&months=%3Cscript%3E")
    assert panels(browser) == first
    show(browser, site / "strategic.html")
    before = panels(browser)
    choose(browser, "period_grain", "rolling_365d")
    assert panels(browser) != before and "period_grain=rolling_365d" in browser.current_url


def test_what_is_hidden_is_said_to_be(browser, site):
    rows = [
        r for t in board_pages.content(site / "execution.html")["data"].values() for r in board_pages.boards.unpacked(t)
    ]
    row = next(
        r for r in rows if r.get("status") == "suppressed" and r["team_id"] != "all" and r["use_case_id"] != "all"
    )
    show(browser, site / "execution.html", state=f"#use_case_id={row['use_case_id']}&team_id={row['team_id']}")
    said = browser.execute_script("return [...document.querySelectorAll('.hidden-row')].map((n) => n.textContent)")
    assert any("not shown" in text and "people" in text for text in said)


def test_a_keyboard_reaches_the_content_first_and_opens_the_numbers(browser, site):
    from selenium.webdriver.common.keys import Keys

    show(browser, site / "index.html")
    browser.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    browser.execute_script("document.querySelector('figure summary').focus()")
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.execute_script("return document.querySelector('figure details').open")


def test_print_shows_all_numbers(browser, site):
    show(browser, site / "index.html")
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") == 0


def test_names_from_data_run_nothing(browser, demo_warehouse, tmp_path):
    name = '<script>document.title="gone"</script><img src=x onerror="document.title=1">'
    held = board_pages.reports(demo_warehouse)
    named = {
        report: [
            {c: name if c in ("use_case", "experiment", "metric", "kpi") and v else v for c, v in row.items()}
            for row in rows
        ]
        for report, rows in held.items()
    }
    board_pages.write(tmp_path / "site", named)
    for page in ("index", "execution", "return"):
        show(browser, tmp_path / "site" / f"{page}.html")
        assert browser.title.endswith("What AI changes") and browser.get_log("browser") == []
    assert name in browser.execute_script("return document.body.textContent")


@pytest.mark.skipif(not PICTURES, reason="pictures are written by make test-boards PICTURES=1")
@pytest.mark.parametrize(
    ("page", "picture", "height"),
    [("index", "dashboard", 1600), ("execution", "execution", 1500), ("return", "return", 1350)],
)
def test_pictures_for_the_readme(browser, site, page, picture, height):
    import base64

    show(browser, site / f"{page}.html")
    clip = {"x": 0, "y": 0, "width": 1280, "height": height, "scale": 1}
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    (board_pages.ROOT / PICTURES / f"{picture}.png").write_bytes(base64.b64decode(taken["data"]))
