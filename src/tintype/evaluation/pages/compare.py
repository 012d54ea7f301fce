"""One photo, one size, every codec: a page to look at."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from tintype import images, metrics
from tintype.codec.tiling import Rect
from tintype.errors import InputError, TintypeError
from tintype.evaluation.codecs.names import Codec, codec_named
from tintype.evaluation.measuring.matching import Match, match
from tintype.evaluation.measuring.measure import alike
from tintype.evaluation.metrics import registry
from tintype.evaluation.pages import page
from tintype.evaluation.pages.page import Progress
from tintype.evaluation.pages.scenes import WHOLE_PIXELS, Scenes, Version, regions
from tintype.evaluation.results import curves
from tintype.pixels import Pixels8

PEERS = ("jpeg444", "webp_m6", "avif444_s6", "jxl_e7")
DEFAULT_QUALITY = 40.0  # ours; low enough for differences to be seen
SLOW_PIXELS = 2_000_000  # SSIMULACRA2 is not measured above it: half a minute and a gigabyte per codec
OVERVIEW_WIDTH = 1000  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """A codec's file of the photo, and how good it is."""

    name: str
    settings: str
    versions: str
    quality: float
    data: bytes
    suffix: str
    decoded: Pixels8
    values: Mapping[str, float]  # by metric; "ms_ssim_db" added


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All contenders at about the size of the first, which is ours."""

    photo: str
    original: Pixels8
    contenders: Sequence[Contender]
    failures: Mapping[str, str]  # codec to reason

    @property
    def ours(self) -> Contender:
        """The file that set the size."""
        return self.contenders[0]

    @property
    def peers(self) -> Sequence[Contender]:
        """The others."""
        return self.contenders[1:]


def compare(
    photo: Path,
    model: str,
    peers: Sequence[str] = PEERS,
    ours_quality: float | None = None,
    size_bytes: int | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    max_pixels: int = images.MAX_PIXELS,
) -> Comparison:
    """Code a photo with our codec, and with each other at the setting whose file comes closest to ours in size.

    Parameters
    ----------
    model : ours
    ours_quality : default: `DEFAULT_QUALITY`; of a model without so many qualities, the highest
    size_bytes : instead of `ours_quality`: the size that all, ours too, come close to

    Raises
    ------
    InputError
        The photo cannot be coded.
    """
    say = progress or (lambda text: None)

    # ours sets the size, unless the caller does
    original = images.load_8bit(photo, images.ReadOptions(max_pixels=max_pixels))
    names = registry.DEFAULT + _slow_metrics(original)
    ours = codec_named(model, threads)
    say(f"{ours.name}")
    if ours_quality is None:
        ours_quality = min(DEFAULT_QUALITY, ours.quality_range[1])
    if size_bytes is None:
        first = Match(ours_quality, ours.encode(original, ours_quality), 1)
    else:
        first = match(ours, original, size_bytes, probed=partial(_say_file, say, ours.name))
    target = size_bytes or len(first.data)

    # the others, each at its closest setting; metrics of one codec are measured while the next one looks for its
    # setting, for on large photos both take long
    with ThreadPoolExecutor(1) as pool:
        failures: dict[str, str] = {}
        measured = [(ours.name, pool.submit(_contender, ours, first, original, names))]
        for name in peers:
            try:
                codec = codec_named(name, threads)
                say(codec.name)
                found = match(codec, original, target, probed=partial(_say_file, say, codec.name))
                measured.append((name, pool.submit(_contender, codec, found, original, names)))
            except (TintypeError, OSError, ValueError) as error:
                failures[name] = str(error)

        # a codec that fails is named on the page, unless it is ours
        contenders = []
        for name, future in measured:
            say(f"{name}, metrics")
            try:
                contenders.append(future.result())
            except (TintypeError, OSError, ValueError) as error:
                if name == ours.name:
                    raise
                failures[name] = str(error)
    if len(contenders) == 1:
        raise InputError(f"nothing to compare with: {'; '.join(f'{k}: {v}' for k, v in failures.items())}")
    return Comparison(photo.name, original, contenders, failures)


def _say_file(say: Progress, name: str, count: int) -> None:
    say(f"{name}, file {count}")


def _slow_metrics(original: Pixels8) -> tuple[str, ...]:
    fits = original.shape[0] * original.shape[1] <= SLOW_PIXELS
    return ("ssimulacra2",) if fits and not registry.METRICS["ssimulacra2"].available() else ()


def _contender(codec: Codec, found: Match, original: Pixels8, names: Sequence[str]) -> Contender:
    decoded = alike(codec.decode(found.data), original)
    values = registry.measure(names, original, decoded)
    values["ms_ssim_db"] = metrics.decibels(values["ms_ssim"])
    return Contender(
        codec.name, codec.settings, codec.versions, found.quality, found.data, codec.suffix, decoded, values
    )


SHOWN = ("psnr", "ms_ssim_db", "ssimulacra2", "texture")


def render(comparison: Comparison) -> str:
    """The page."""
    original, ours = comparison.original, comparison.ours
    height, width = original.shape[:2]
    scenes, places = Scenes(), {}
    versions = [Version(c.name, c.data, c.suffix, c.decoded, _facts(c, ours)) for c in comparison.contenders]
    if width * height <= WHOLE_PIXELS:
        scenes.add("photo", "Whole picture", original, versions)
    else:
        places = regions(original, ours.decoded, {peer.name: peer.decoded for peer in comparison.peers})
        for title, place in places.items():
            scenes.add("photo", title, original, versions, place)
    colours = page.colours([c.name for c in comparison.contenders], [ours.name])
    bpp = 8 * len(ours.data) / (width * height)
    body = f"""
<header>
<p class="eyebrow">tintype compare</p>
<h1>{html.escape(comparison.photo)} in {_size(len(ours.data)).replace(" ", "&nbsp;")}</h1>
<p class="lead">{width} x {height} pixels, {bpp:.3f} bits per pixel. The same photo by
{len(comparison.contenders)} codecs, each at the setting whose file comes closest to ours. {_verdict(comparison)}</p>
</header>
{_cards(comparison)}
<h2>Look</h2>
<p class="note">Drag the border, or let both alternate. The loupe follows the pointer, or your finger's last tap.</p>
{page.asset("viewer.html")}
{_overview(original, places)}
<h2>Figures</h2>
{_figures(comparison, colours)}
<p class="note">Better than ours is <span class="win">green</span>, worse is <span class="loss">red</span>, for each
codec and metric: green in the others' rows is our loss. PSNR and MS-SSIM count every deviation; texture distance
measures only whether detail has the right strength. None of them replaces your eye.</p>
<h2>How this was made</h2>
{_made(comparison)}
"""
    start = (ours.name, comparison.peers[0].name)
    return page.document(f"{comparison.photo}: codecs at equal size", body, scenes.data(start))


def _facts(c: Contender, ours: Contender) -> str:
    off = "" if c is ours else f" ({100 * (len(c.data) / len(ours.data) - 1):+.1f} %)"
    return f"{_size(len(c.data))}{off}, {c.values['psnr']:.2f} dB"


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 1_000_000 else f"{count / 1e3:.1f} kB"


def _verdict(comparison: Comparison) -> str:
    """Wins and losses in one sentence each, by MS-SSIM, which follows the eye better than PSNR."""
    ours = comparison.ours.values["ms_ssim_db"]
    ahead = [p.name for p in comparison.peers if ours > p.values["ms_ssim_db"]]
    behind = [p.name for p in comparison.peers if ours <= p.values["ms_ssim_db"]]
    parts = []
    if ahead:
        parts.append(f"By MS-SSIM ours is ahead of {_list(ahead)}")
    if behind:
        parts.append(f"{'behind' if ahead else 'By MS-SSIM ours is behind'} {_list(behind)}")
    return html.escape(" and ".join(parts) + ".")


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cards(comparison: Comparison) -> str:
    ours = comparison.ours.values["psnr"]
    cards = []
    for peer in comparison.peers:
        gain = ours - peer.values["psnr"]
        kind = "win" if gain > 0 else "loss"
        cards.append(
            f'<div class="card"><b class="{kind}">{gain:+.2f} dB</b>'
            f"<span>PSNR against {html.escape(peer.name)}</span></div>"
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _figures(comparison: Comparison, colours: Mapping[str, str]) -> str:
    ours = comparison.ours
    shown = [curves.COLUMNS[name] for name in SHOWN if name in ours.values]
    lines = []
    for c in comparison.contenders:
        off = "" if c is ours else f" <small>{100 * (len(c.data) / len(ours.data) - 1):+.1f} %</small>"
        cells = [page.named(c.name, colours[c.name]), f"{c.quality:g}", f"{len(c.data):,}{off}"]
        for column in shown:
            difference = c.values[column.name] - ours.values[column.name]
            text = f"{c.values[column.name]:.{column.decimals}f}"
            if c is not ours:
                kind = "win" if (difference > 0) == column.higher_is_better else "loss"
                text += f' <small class="{kind}">{difference:+.{column.decimals}f}</small>'
            cells.append(text)
        lines.append(cells)
    header = ["codec", "setting", "bytes", *(column.label for column in shown)]
    return page.table(header, lines, [f"</span>{html.escape(ours.name)}"])


def _overview(original: Pixels8, places: Mapping[str, Rect]) -> str:
    """The whole photo, small, with the parts that the viewer shows."""
    if not places:
        return ""
    height, width = original.shape[:2]
    small = Image.fromarray(original).convert("RGB")
    small.thumbnail((OVERVIEW_WIDTH, OVERVIEW_WIDTH))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    boxes = "".join(_box(title, place, width) for title, place in places.items())
    data = base64.b64encode(file.getvalue()).decode()
    return f"""<figure class="overview"><svg viewBox="0 0 {width} {height}" role="img" aria-label="the whole photo">
<image href="data:image/jpeg;base64,{data}" width="{width}" height="{height}"/>{boxes}</svg>
<figcaption>The whole photo, reduced. The viewer shows the marked parts, pixel for pixel: two chosen by content, two by
how our error compares with the best of the others.</figcaption></figure>"""


def _box(title: str, p: Rect, width: int) -> str:
    """Frame and title of a part, as SVG; white on dark is seen on any ground."""
    frame = f'<rect x="{p.left}" y="{p.top}" width="{p.width}" height="{p.height}" fill="none"'
    line = width / 300
    return (
        f'{frame} stroke="#000a" stroke-width="{2 * line:.1f}"/>{frame} stroke="#fff" stroke-width="{line:.1f}"/>'
        f'<text x="{p.left + width / 80:.0f}" y="{p.top + width / 30:.0f}" fill="#fff" stroke="#000a" '
        f'stroke-width="{line:.1f}" paint-order="stroke" font-size="{width / 45:.0f}" font-weight="600">'
        f"{html.escape(title)}</text>"
    )


def _made(comparison: Comparison) -> str:
    lines = [
        [html.escape(c.name), html.escape(c.settings), f"{c.quality:g}", html.escape(c.versions)]
        for c in comparison.contenders
    ]
    text = page.table(["codec", "settings", "quality", "versions"], lines, text=True)
    for name, reason in comparison.failures.items():
        text += f'<p class="loss">{html.escape(name)} is missing: {html.escape(reason)}</p>'
    missing = (
        ""
        if "ssimulacra2" in comparison.ours.values
        else " SSIMULACRA2 was not measured (not installed, or the photo is too large)."
    )
    return f"""{text}
<p class="note">Sizes are whole files, without metadata. Metrics compare 8-bit R, G, B as stored.{missing}
Where the whole picture is shown, JPEG, WebP and AVIF are the coded files themselves, decoded by your browser; all other
pictures on this page are stored without loss.</p>"""
