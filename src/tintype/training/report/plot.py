"""Rate-distortion plot of a run as SVG, without any library."""

import json
from collections.abc import Sequence
from pathlib import Path

from tintype.replacing import replace_text

Point = tuple[float, float]  # bpp, PSNR in dB

WIDTH, HEIGHT, MARGIN = 640, 420, 56
SHOWN = 8  # curves
TICKS = 5  # of an axis, beside its origin


def curves(log: Path) -> list[tuple[int, list[Point]]]:
    """Step and points of each validation in a log.jsonl."""
    found = []
    for line in log.read_text().splitlines():
        record = json.loads(line)
        if "validation" in record:
            found.append((record["step"], [(row["bpp"], row["psnr"]) for row in record["validation"]]))
    return found


def svg(found: Sequence[tuple[int, Sequence[Point]]]) -> str:
    """The newest validation dark, earlier ones fainter; of many, some spread over the run."""
    stride = -(-len(found) // SHOWN)
    shown = list(found[::-1][::stride][::-1])
    points = [point for _, row in shown for point in row]
    bpps, psnrs = [bpp for bpp, _ in points], [psnr for _, psnr in points]
    left, right = 0.0, 1.05 * max(bpps)
    low, high = min(psnrs) - 1, max(psnrs) + 1

    def place(point: Point) -> str:
        x = MARGIN + (point[0] - left) / (right - left) * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN - (point[1] - low) / (high - low) * (HEIGHT - 2 * MARGIN)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        "<style>text { font-size: 12px }</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axis((left, right), (low, high)),
    ]
    for number, (step, row) in enumerate(shown):
        opacity = 0.25 + 0.75 * (number + 1) / len(shown)
        colour = "#b03a2e" if number == len(shown) - 1 else "#34495e"
        places = [place(point) for point in row]
        parts.append(f'<g stroke="{colour}" fill="{colour}" opacity="{opacity:.2f}"><title>step {step}</title>')
        parts.append(f'<polyline fill="none" points="{" ".join(places)}"/>')
        parts += [f'<circle r="3" cx="{p.split(",")[0]}" cy="{p.split(",")[1]}"/>' for p in places]
        parts.append("</g>")
    parts.append(
        f'<text x="{WIDTH - MARGIN}" y="{MARGIN - 12}" text-anchor="end">step {shown[-1][0]}, validation</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def write(log: Path, out: Path) -> None:
    """Plot a log's validations, if there are any."""
    found = curves(log)
    if found:
        replace_text(out, svg(found))


def _axis(bpp: tuple[float, float], psnr: tuple[float, float]) -> list[str]:
    """Both axes with numbers."""
    bottom, right = HEIGHT - MARGIN, WIDTH - MARGIN
    parts = [
        f'<path d="M{MARGIN},{MARGIN}V{bottom}H{right}" fill="none" stroke="black"/>',
        f'<text x="{right}" y="{HEIGHT - 12}" text-anchor="end">bits per pixel (estimated)</text>',
        f'<text x="12" y="{MARGIN - 12}">PSNR, dB</text>',
    ]
    for i in range(TICKS + 1):
        x = MARGIN + i / TICKS * (right - MARGIN)
        y = bottom - i / TICKS * (bottom - MARGIN)
        value, level = (low + i / TICKS * (high - low) for low, high in (bpp, psnr))
        parts.append(f'<text x="{x:.0f}" y="{bottom + 18}" text-anchor="middle">{value:.2f}</text>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{level:.1f}</text>')
    return parts
