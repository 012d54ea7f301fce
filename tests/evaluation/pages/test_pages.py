"""Pages: self-contained, honest, and working in a browser where there is one."""

import base64
import io
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.pictures import picture
from tintype.codec.tiling import Rect
from tintype.evaluation.measuring import sweep
from tintype.evaluation.pages import compare, page, report, viewing
from tintype.evaluation.pages.compare import Comparison
from tintype.evaluation.pages.scenes import REGION, Scenes, Version, regions
from tintype.evaluation.results import figures
from tintype.evaluation.results.summary import Results
from tintype.pixels import Pixels8

PEERS = ("jpeg444", "webp_m0")
VOID = {"meta", "link", "input", "img", "br", "image", "rect"}


class Checker(HTMLParser):
    """Tags that are not closed in order, and everything a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.fetched, self.ids = [], [], []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "poster")]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> dict[str, Any]:
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert all(url.startswith("data:") for url in checker.fetched)
    assert "@import" not in text and "url(" not in text.split("<body>")[0]
    assert checker.ids.count("data") == 1
    return json.loads(re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)[0])


def opened(uri: str) -> Pixels8:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pictures")
    for number in range(2):
        Image.fromarray(picture(96, 128, seed=50 * number)).save(made / f"p{number}.png")
    return made


@pytest.fixture(scope="module")
def comparison(folder: Path) -> Comparison:
    # the first codec sets the size; any codec can stand for ours
    return compare.compare(folder / "p0.png", "webp_m4", PEERS, ours_quality=30)


@pytest.fixture(scope="module")
def compared(comparison: Comparison) -> str:
    return compare.render(comparison)


@pytest.fixture(scope="module")
def results(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    out = tmp_path_factory.mktemp("results")
    steps = {"jpeg444": [10, 30, 60, 80], "webp_m0": [5, 30, 60, 90]}
    found = sweep.run(sweep.Plan(sweep.subjects([folder]), PEERS, ("psnr", "ms_ssim", "texture"), steps), out)
    return out, Results(found, window=(0.0, 100.0))


def test_a_comparison_shows_files_of_equal_size(comparison: Comparison, compared: str) -> None:
    size = len(comparison.ours.data)
    assert [c.name for c in comparison.contenders] == ["webp_m4", *PEERS]
    assert all(abs(len(c.data) / size - 1) < 0.06 for c in comparison.peers)
    data = checked(compared)
    (scene,) = data["scenes"]
    assert [v["name"] for v in scene["versions"]] == ["Original", "webp_m4", *PEERS]
    assert (scene["width"], scene["height"]) == (128, 96)


def test_pictures_in_the_page_are_the_originals_and_the_files(comparison: Comparison, compared: str) -> None:
    data = checked(compared)
    images = {v["name"]: data["images"][v["image"]] for v in data["scenes"][0]["versions"]}
    assert np.array_equal(opened(images["Original"]), comparison.original)
    for contender in comparison.contenders:
        assert base64.b64decode(images[contender.name].partition(",")[2]) == contender.data


def test_what_browsers_cannot_show_is_stored_without_loss() -> None:
    decoded = picture(20, 30)
    assert np.array_equal(opened(page.coded(b"tint", ".tint", decoded)), decoded)
    assert np.array_equal(opened(page.coded(b"jxl", ".jxl", decoded)), decoded)


def test_losses_are_said_as_plainly_as_wins(comparison: Comparison, compared: str) -> None:
    ours = comparison.ours.values
    for peer in comparison.peers:
        kind = "win" if ours["psnr"] > peer.values["psnr"] else "loss"
        assert (
            f'<b class="{kind}">{ours["psnr"] - peer.values["psnr"]:+.2f} dB</b><span>PSNR against {peer.name}'
            in compared
        )
    behind = [p.name for p in comparison.peers if p.values["ms_ssim_db"] >= ours["ms_ssim_db"]]
    assert ("behind" in compared.partition("</header>")[0]) == bool(behind)


def test_a_missing_codec_is_said_on_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pillow_jxl", "pillow_jxl.JpegXLImagePlugin"):  # whichever an earlier test imported
        monkeypatch.setitem(sys.modules, name, None)
    found = compare.compare(folder / "p0.png", "webp_m4", ("jpeg444", "jxl_e7"), ours_quality=30)
    assert "jxl_e7 is missing: jxl_e7 needs the package pillow-jxl-plugin" in compare.render(found)


def test_names_cannot_break_the_page() -> None:
    evil = '</script><script>alert(1)</script><!--"&'
    text = page.document(evil, f"<p>{page.named(evil, '#000')}</p>", {"name": evil})
    assert checked(text) == {"name": evil}
    assert text.count("<script") == 2 and "alert(1)</script>" not in text.replace("&lt;", "<", 0)


def test_large_pictures_are_shown_in_parts_chosen_by_content_and_by_error() -> None:
    original = picture(1000, 1600)
    original[:480, :720] = 128  # smooth
    ours, peer = original.copy(), original.copy()
    ours[520:, 880:] ^= 16  # we do worst in the lower right
    peer[520:, :720] ^= 16  # they in the lower left
    places = regions(original, ours, {"peer": peer})
    by_title = {part: place for title, place in places.items() for part in title.lower().split(", ")}
    assert by_title["smoothest"] == Rect(0, 0, *REGION)
    assert by_title["where we do worst"] == Rect(880, 520, *REGION)
    assert by_title["where we do best"].left < 400 < by_title["where we do best"].bottom
    scenes = Scenes()
    version = Version("ours", b"file", ".jpg", ours, "")
    for title, place in places.items():
        scenes.add("x", title, original, [version], place)
    for scene, place in zip(scenes.scenes, places.values(), strict=True):
        for shown, whole in zip(scene["versions"], (original, ours), strict=True):
            assert np.array_equal(opened(scenes.images[shown["image"]]), whole[place.slices])


def test_the_report_shows_curves_tables_and_pictures(results: tuple[Path, Results]) -> None:
    out, found = results
    shown = viewing.Shown({"p1": sweep.sources(out)["p1"]}, (1.0,))
    text = report.render(found, shown, "Title & more")
    data = checked(text)
    assert "<h1>Title &amp; more</h1>" in text
    titles = {spec["key"]: spec for spec in data["plots"]["rd"]}
    assert set(titles) == {"psnr", "ms_ssim_db", "ms_ssim_db_of_mean", "texture"}
    tables = {t.codec: t for t in found.measured}
    for series in titles["psnr"]["series"]:
        expected = tables[series["name"]].means
        assert [p[0] for p in series["points"]] == pytest.approx(sorted(expected["bpp"]), abs=1e-5)
        assert [p[1] for p in series["points"]] == pytest.approx(sorted(expected["psnr"]), abs=1e-5)
    assert [v["name"] for v in data["scenes"][0]["versions"]] == ["Original", *PEERS]
    assert {spec["title"] for spec in data["plots"]["speed"]} == {"Decoding", "Encoding"}


def test_a_report_without_pictures_has_no_viewer(results: tuple[Path, Results]) -> None:
    _, found = results
    assert "data-viewer" not in report.render(found, viewing.Shown({}), "x").partition("<script")[0]


def test_a_picture_that_has_gone_is_said_and_the_rest_shown(results: tuple[Path, Results], tmp_path: Path) -> None:
    _, found = results
    text = report.render(found, viewing.Shown({"p9": tmp_path / "gone.png"}), "x")
    assert "p9 cannot be shown" in text


def test_plots_lie_beside_the_page_as_files(results: tuple[Path, Results], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the files are drawn with it")
    out, found = results
    path = report.write(out, found, viewing.Shown({}), "x")
    assert checked(path.read_text())["plots"]
    for suffix in ("svg", "png"):
        assert (out / "plots" / f"psnr.{suffix}").stat().st_size > 1000
    first = (out / "plots" / "psnr.svg").read_bytes()
    specs = report.rd_specs([t.curve for t in found.measured], dict.fromkeys(PEERS, "#123456"), [])
    figures.write(tmp_path / "a", specs)
    figures.write(tmp_path / "b", specs)
    assert (tmp_path / "a" / "psnr.svg").read_bytes() == (tmp_path / "b" / "psnr.svg").read_bytes() != first


def browser() -> tuple[Any, str]:
    """Chromium by playwright; a browser is a gigabyte that the other tests do not need."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="drives the browser")
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium is installed")
    return sync_api, program


@pytest.mark.parametrize("width", [1280, 390])
def test_the_viewer_works_in_a_browser(compared: str, tmp_path: Path, width: int) -> None:
    sync_api, program = browser()
    (tmp_path / "page.html").write_text(compared)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": width, "height": 800})
        complaints = []
        tab.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on(
            "request", lambda r: complaints.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None
        )
        tab.goto((tmp_path / "page.html").as_uri())
        tab.wait_for_selector("[data-ready]")
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        pixels = (
            "(part) => { const canvas = document.querySelector(`[data-part='${part}']`);"
            " return [...canvas.getContext('2d').getImageData(0, 0, 64, 64).data]; }"
        )
        a, b = (tab.evaluate(pixels, part) for part in ("canvas-a", "canvas-b"))
        assert a != b
        stage = tab.locator("[data-part='stage']")
        box = stage.bounding_box()
        handle = tab.locator("[data-part='handle']")
        handle.scroll_into_view_if_needed()
        box = stage.bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2, steps=4)
        tab.mouse.up()
        assert float(stage.get_attribute("data-split")) == pytest.approx(25, abs=2)
        tab.locator("[data-part='select-a']").select_option(label="Original")
        tab.wait_for_selector("[data-ready='2']")
        tab.get_by_role("button", name="Difference").click()
        tab.wait_for_selector("[data-ready='3']")
        shown = tab.evaluate(pixels, "canvas-a")
        assert max(v for i, v in enumerate(shown) if i % 4 != 3) == 0  # the original does not differ from itself
        assert max(v for i, v in enumerate(tab.evaluate(pixels, "canvas-b")) if i % 4 != 3) > 0
        tab.get_by_role("button", name="Flicker").click()
        tab.wait_for_function("document.querySelector('[data-part=stage]').dataset.split === '0'")
        tab.wait_for_function("document.querySelector('[data-part=stage]').dataset.split === '100'")
        assert complaints == []
        chromium.close()
