"""docs/scaling.md: tables, fits and plots from the rows that exist."""

import os
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from studies.scaling import envelope, plots
from studies.scaling.envelope import Cost
from studies.scaling.ladder import LADDERS, Family, Size, hpcm, size
from studies.scaling.law import UNIT_D, UNIT_N, Fit, Law, enough, fit
from studies.scaling.published import MODELS, PIXELS
from studies.scaling.rows import Row, core_seconds
from tintype.errors import UsageError
from tintype.evaluation.results.markdown import table
from tintype.models.hpcm import CONFIGS
from tintype.models.pico.network import SIZES
from tintype.replacing import replace_text

PUBLISHED: dict[Family, tuple[str, ...]] = {
    "hpcm": ("hpcm-base", "hpcm-large", "hpcm-1b"),
    "pico": ("pico-s", "pico-m"),
}
TITLES: dict[Family, str] = {"hpcm": "HPCM", "pico": "pico"}
FIGURES = (
    ("isoflop", "Loss against size at equal compute", plots.draw_isoflops),
    ("envelope", "Loss against compute", plots.draw_envelope),
)
WIDTH = 100  # of the page's lines
BUDGET_STEPS = 4  # rows of the table of best sizes, each ten times the compute of the one before

INTRODUCTION = """\
# Scaling laws

This page shows how the loss of HPCM and pico falls with their size and training, as far as it was measured, and how to
measure further. `python -m studies.scaling fit` writes it from the rows in `studies/results/scaling.jsonl`.

```console
$ python -m studies.scaling run --data PICTURES --validation CROPS --out FOLDER --budgets 4,8,16,32
$ python -m studies.scaling fit
```

The first command trains what is missing. `--budgets` are millions of training pixels. The same command with larger
budgets, more `--rungs` or more `--seeds` continues from what there is. A killed run loses the steps since its last
checkpoint. Each rung and seed has one *trunk* at a constant learning rate. For each budget a *branch* leaves it, whose
learning rate falls to zero. Only branches are judged.

Loss is lambda 255^2 MSE + bpp (estimated bits) of the averaged weights on validation crops; for pico it is the
geometric mean over its anchors. Compute is 6 MAC D: three forward passes for each step, two operations a multiply-add.
"""


def write(rows: Sequence[Row], path: Path, figures: Path, draws: int, least: float = 0.0) -> None:
    """Write the page, and the figures of each family that can be fitted.

    Parameters
    ----------
    draws : bootstrap samples of each fit
    least : millions of pixels; smaller budgets are listed and not fitted

    Raises
    ------
    UsageError
        Rows of one family have different settings.
    """
    parts = [INTRODUCTION, "## The ladders\n", ladders()]
    for family in LADDERS:
        chosen = sorted((row for row in rows if row.family == family), key=_order)
        if chosen:
            parts += [f"## {TITLES[family]}\n", *_section(family, chosen, path, figures, draws, least)]
    replace_text(path, _wrapped("\n".join(parts)))


def _wrapped(text: str) -> str:
    """Markdown with paragraphs of lines of at most WIDTH characters; tables, headings, code and figures stay."""
    blocks = text.strip().split("\n\n")
    return (
        "\n\n".join(
            each if each[0] in "|#`!\n" else textwrap.fill(each, WIDTH, break_on_hyphens=False) for each in blocks
        )
        + "\n"
    )


def ladders() -> str:
    """Sizes of the rungs, and the published models with the rule's model of equal size beside them."""
    parts = []
    for family, rungs in LADDERS.items():
        sizes = {name: size(config) for name, config in rungs.items()}
        others = {name: size((CONFIGS | SIZES)[name]) for name in PUBLISHED[family]}
        lines = [_size_line(name, its) for name, its in (sizes | others).items()]
        parts.append(table(["model", "parameters", "kMAC/px", "MAC/px a parameter"], lines) + "\n")
    return "\n".join([_rule(), *parts])


def _rule() -> str:
    """What HPCM's rule says about the published models."""
    base, large, widest = (size(hpcm(latents)) for latents in (320, 368, 992))
    return f"""\
HPCM's rule has one number, the latents M. Widths are those of HPCM-Base times M / 320, rounded up to multiples of 8;
depths are those of Base times the root of M / 320, at least 1. At M = 320 the rule gives HPCM-Base exactly
({base.parameters:,} parameters), but for attention heads of 16 channels instead of 20, which cost nothing. Large is no
point of the rule: it has the latents of Base and more blocks. The rule reaches its size at M = 368
({large.parameters / 1e6:.1f} M, {large.macs_per_pixel / 1e3:.0f} kMAC/px). 1B has 512 latents and spends its parameters
on depth, on 3x3 kernels twice as wide and on adaptors of five to seven blocks. The rule reaches its size at M = 992
({widest.parameters / 1e6:.0f} M, {widest.macs_per_pixel / 1e3:.0f} kMAC/px). pico's rule
multiplies the widths of pico-s by eighths, with at least 48 channels at a quarter of the resolution. Depths stay, and
latents follow up to those of pico-s.
"""


def _size_line(name: str, its: Size) -> list[str]:
    per_parameter = its.macs_per_pixel / its.parameters
    return [name, f"{its.parameters:,}", f"{its.macs_per_pixel / 1e3:.2f}", f"{per_parameter:.4f}"]


def _order(row: Row) -> tuple[int, int, int]:
    return row.parameters, row.pixels, row.seed


def _section(family: Family, finished: Sequence[Row], page: Path, figures: Path, draws: int, least: float) -> list[str]:
    """What the rows of one family say."""
    labels = {row.settings for row in finished}
    if len(labels) > 1:
        raise UsageError(f"{family}: the rows have different settings, give each its own file: {'; '.join(labels)}")
    rows = [row for row in finished if row.pixels >= 0.99e6 * least]  # a budget ends with a whole step
    parts = [_data(finished), _spread(finished)]
    if least:
        parts.append(
            f"Budgets below {least:g} Mpx are not fitted (`--least {least:g}`): such short runs still leave their "
            "start values behind.\n"
        )
    if not enough(rows):
        count = len({row.rung for row in rows}), len({row.pixels for row in rows})
        return [
            *parts,
            f"**No fit yet.** {count[0]} rungs at {count[1]} budgets have finished. A law has five parameters and "
            "needs three rungs, three budgets and seven runs.\n",
        ]
    found, cost = fit(rows, draws), envelope.cost(rows)
    parts += [*_transient(rows), _held_out(rows, draws), _law(found, rows, draws), *_to_come(found, rows, family)]
    parts.append(_best_sizes(found, cost, rows))
    for name, caption, draw in FIGURES:
        file = figures / f"scaling-{family}-{name}.svg"
        draw(rows, found.law, cost, file)
        parts.append(f"![{caption}]({os.path.relpath(file, page.parent)})\n")
    if family == "hpcm":
        parts.append(_published(found, rows))
    return parts


def _data(rows: Sequence[Row]) -> str:
    first = rows[0]
    lines = [
        [
            row.rung,
            str(row.seed),
            f"{row.pixels / 1e6:.1f}",
            f"{row.flops:.2e}",
            f"{row.trunk_seconds + row.branch_seconds:.0f}",
            f"{row.loss:.4f}",
            f"{row.bpp:.4f}",
            f"{row.psnr:.2f}",
        ]
        for row in rows
    ]
    return (
        f"Settings: `{first.settings}`; {first.crops} validation crops. The learning rate is that of hpcm-m64 or "
        "pico-s; of other rungs it is inverse to their width. All branches and trunks took "
        f"{core_seconds(rows) / 3600:.2f} core-hours.\n\n"
        + table(["rung", "seed", "Mpx", "FLOP", "core s, with its trunk", "loss", "bpp", "PSNR, dB"], lines)
        + "\n"
    )


def _spread(rows: Sequence[Row]) -> str:
    """Standard deviation of log L between seeds, pooled."""
    groups: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        groups.setdefault((row.rung, row.pixels), []).append(float(np.log(row.loss)))
    squares = [(value - fmean(values)) ** 2 for values in groups.values() for value in values]
    freedom = len(squares) - len(groups)
    if not freedom:
        return "Every run has one seed, so the spread between seeds is not known.\n"
    return f"The standard deviation between seeds is {100 * (sum(squares) / freedom) ** 0.5:.2f} % of the loss.\n"


def _transient(rows: Sequence[Row]) -> list[str]:
    """A warning where losses fall faster and faster, which no law of this form does."""
    steeper = judged = 0
    for curve in plots.curves(rows).values():
        if len(curve) >= 3:
            flops, losses = np.log(np.array(curve)).T
            slopes = np.diff(losses) / np.diff(flops)
            judged += 1
            steeper += bool(slopes[-1] < slopes[0])
    if 2 * steeper <= judged:
        return []
    return [
        f"**Too short for a law.** In {steeper} of {judged} rungs the loss falls faster between the last two budgets "
        "than between the first two. A law of this form only flattens. These runs still leave their start values "
        "behind, so the exponents, best sizes and extrapolations below mean nothing yet. Larger budgets are needed, "
        "and a fit without the small ones (`fit --least`).\n"
    ]


def _held_out(rows: Sequence[Row], draws: int) -> str:
    """The largest rung, predicted from the others."""
    largest = max(rows, key=lambda row: row.parameters).rung
    known, unknown = _split(rows, largest)
    if not enough(known):
        return f"{largest} cannot be predicted: the other rungs are too few for a fit.\n"
    found = fit(known, draws)
    lines, inside = [], 0
    for row in unknown:
        predicted, (low, high) = found.prediction(row.parameters / UNIT_N, row.pixels / UNIT_D)
        hit = low <= row.loss <= high
        inside += hit
        miss = f"{100 * (row.loss / predicted - 1):+.1f} %"
        numbers = [f"{row.pixels / 1e6:.1f}", f"{predicted:.4f}", f"{low:.4f} to {high:.4f}", f"{row.loss:.4f}"]
        lines.append([*numbers, miss, "yes" if hit else "no"])
    return (
        f"### {largest} predicted from smaller rungs\n\nThe fit saw no run of {largest}. "
        f"{inside} of its {len(unknown)} losses lie within the 95 % interval of their predictions.\n\n"
        + table(["Mpx", "predicted", "95 % interval", "measured", "measured / predicted", "within"], lines)
        + "\n"
        + ("" if inside == len(unknown) else _why_missed(found.law))
    )


def _why_missed(law: Law) -> str:
    return (
        f"\nThe fit of the other rungs has E = {law.floor:.3f} and beta = {law.beta:.3f}; those of all rungs are "
        "below. Where A N^-alpha is most of the loss, runs say little about E and beta, which decide the larger "
        "budgets of the largest rung. The interval holds the deviation of single runs from the law, but not "
        "that a whole trunk deviates.\n"
    )


def _to_come(found: Fit, rows: Sequence[Row], family: Family) -> list[str]:
    """Losses of the largest rung at the budgets of the others, while it has not run."""
    name, config = list(LADDERS[family].items())[-1]
    if name in {row.rung for row in rows}:
        return []
    lines = []
    for pixels in sorted({row.pixels for row in rows}):
        predicted, (low, high) = found.prediction(size(config).parameters / UNIT_N, pixels / UNIT_D)
        lines.append([f"{pixels / 1e6:.1f}", f"{predicted:.4f}", f"{low:.4f} to {high:.4f}"])
    return [
        f"### {name}, predicted before it runs\n\n" + table(["Mpx", "predicted", "95 % interval"], lines) + "\n",
    ]


def _split(rows: Iterable[Row], rung: str) -> tuple[list[Row], list[Row]]:
    """Rows of other rungs, and of this one."""
    others: list[Row] = []
    own: list[Row] = []
    for row in rows:
        (own if row.rung == rung else others).append(row)
    return others, own


def _law(found: Fit, rows: Sequence[Row], draws: int) -> str:
    lines = []
    for number, name in enumerate(("E", "A", "alpha", "B", "beta")):
        low, high = found.interval([law[number] for law in found.draws])
        lines.append([name, f"{found.law[number]:.3f}", f"{low:.3f} to {high:.3f}"])
    return (
        "### The law of all rungs\n\n"
        "L(N, D) = E + A N^-alpha + B D^-beta, N in millions of parameters, D in hundreds of millions of pixels. Huber "
        f"loss on log L, {len(rows)} runs, which deviate from the law by {100 * found.deviation:.2f} % (standard "
        f"deviation). Intervals hold 95 % of {draws} bootstrap samples of runs. Branches of a trunk share its noise, "
        "which such samples do not see.\n\n" + table(["", "fit", "95 % interval"], lines) + "\n"
    )


def _best_sizes(found: Fit, cost: Cost, rows: Sequence[Row]) -> str:
    """Best sizes for compute, from the largest that was run on."""
    exponents = [envelope.exponent(law, cost) for law in found.draws]
    low, high = found.interval(exponents)
    compute = max(row.flops for row in rows)
    lines = []
    for power in range(BUDGET_STEPS):
        flops = compute * 10**power
        best = envelope.optimum(found.law, cost, flops)
        draws = [envelope.optimum(law, cost, flops) for law in found.draws]
        sizes, losses = (found.interval([draw[i] for draw in draws]) for i in (0, 2))
        lines.append(
            [
                f"{flops:.1e}",
                f"{best.parameters:.2f}",
                f"{sizes[0]:.2f} to {sizes[1]:.2f}",
                f"{100 * best.pixels:.0f}",
                f"{best.loss:.3f}",
                f"{losses[0]:.3f} to {losses[1]:.3f}",
            ]
        )
    return (
        "### Best size for a compute\n\n"
        f"A model of the ladder takes {cost.k / 1e3:.1f} N^{cost.gamma:.2f} kMAC/px, so the best N grows as "
        f"C^{envelope.exponent(found.law, cost):.2f} ({low:.2f} to {high:.2f}). The first line is the largest compute "
        "that was run; all others are extrapolated.\n\n"
        + table(["FLOP", "best N, millions", "95 % interval", "Mpx", "loss", "95 % interval"], lines)
        + "\n"
    )


def _published(found: Fit, rows: Sequence[Row]) -> str:
    """The fit at the sizes of the published models, beside what is published."""
    lambda_ = float(rows[0].settings.split("lambda_=")[-1].split()[0])
    base = MODELS["hpcm-base"]
    lines = []
    for name, model in MODELS.items():
        ratio, (low, high) = _ratio(found, name)
        loss, reference = model.loss(lambda_), base.loss(lambda_)
        measured = f"{loss / reference:.3f}" if loss and reference else ""
        rate = fmean((100 + own) / (100 + its) for own, its in zip(model.bd_rate, base.bd_rate, strict=True))
        rates = " / ".join(f"{value:.2f}" for value in model.bd_rate)
        parameters = size(CONFIGS[name]).parameters / 1e6
        lines.append(
            [name, f"{parameters:.1f}", f"{ratio:.3f}", f"{low:.3f} to {high:.3f}", measured, rates, f"{rate:.3f}"]
        )
    header = ["model", "parameters, M", "loss / Base, by the law", "95 % interval", "published, Kodak"]
    times = size(CONFIGS["hpcm-base"]).parameters / max(row.parameters for row in rows)
    longest = max(row.pixels for row in rows)
    return (
        "### The published models\n\n"
        "The table sets D to the published training of Base, "
        f"{PIXELS:.1e} pixels, and compares losses with that of Base. Published losses are lambda 255^2 MSE + bpp at "
        f"lambda {lambda_:g} from the table of Kodak; for 1B there is none. BD-rates are against VTM-22.0 on Kodak, "
        "CLIC professional validation and Tecnick; the last column is the rate at equal PSNR, relative to Base, mean "
        "of the three.\n\n"
        + table([*header, "BD-rate, %", "rate / Base"], lines)
        + f"\n\nBase has {times:.0f} times the parameters of the largest rung that ran, and its "
        f"training {PIXELS / longest:.0f} times the pixels of the longest run here. A floor E that short runs cannot "
        "see decides such an extrapolation, and the intervals know nothing of a law that bends. Large and 1B are no "
        "points of the ladder's rule. The law says what width and training bring at this budget. It does not say "
        "whether depth or width is better, what another learning rate for each size would change, or what a converged "
        "model reaches.\n"
    )


def _ratio(found: Fit, name: str) -> tuple[float, tuple[float, float]]:
    """Loss of a published model relative to Base, both trained as long as published."""
    own, base = (size(CONFIGS[model]).parameters / UNIT_N for model in (name, "hpcm-base"))

    def relative(law: Law) -> float:
        return float(law.loss(own, PIXELS / UNIT_D) / law.loss(base, PIXELS / UNIT_D))

    return relative(found.law), found.interval([relative(law) for law in found.draws])
