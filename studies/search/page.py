"""The page of the study: tables and the plot, from the rows that exist."""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, median, stdev

import matplotlib
import numpy as np

matplotlib.use("agg")
from matplotlib import pyplot

from studies.search import funnel, space, time_model
from studies.search.funnel import SHIPPED, Funnel, score
from studies.search.rows import Row
from studies.search.space import TODAY, Shape
from tintype.evaluation.results.markdown import table
from tintype.models.pico.network import ANCHORS

PAGE, FIGURE = "search.md", "figures/search.svg"
ENGINES = ("native", "onnx")
WIDTH = 100  # of lines of text
AIM, AIM_BUDGET = 0.1, 0.5  # dB that a decoder of such a share of the time may lose
INTRODUCTION = """\
# Search for a faster decoder

This page asks which decoder of pico gives the most quality for its time. It repeats the search of
PICO's paper (section 4.3) on a small budget: count the space, filter it by multiply-adds, measure
times, train what fits a time budget a little, and train the best longer. `python -m studies.search
page` writes this page from the rows in `studies/results/search`. `python -m studies.search --help`
names the other commands.

Only the synthesis transform changes. Encoder and entropy model are those of the shipped weights, so
all decoders read the same files, and their PSNR compares at equal bytes. A decoder starts from the
shipped one: blocks keep the channels that count most, and the layers between stages are fitted
(`inherit` in `models/pico/start.py`). It learns from decoded latents of training crops. PSNR is the
mean over the eight anchor levels on validation crops. Times are CPU times of one thread for a tile
of 512x512, as shares of today's decoder's in the same seconds.

A decoder's name has channels x blocks x expansion at 1/16, 1/8 and 1/4 of the sides, then the side
of the last kernel. Today's is `{today}`."""


def write(docs: Path, times: Sequence[Row], chosen: Sequence[Row], trained: Sequence[Row], halving: Funnel) -> None:
    """Write the page and its plot."""
    parts = [INTRODUCTION.format(today=TODAY.name), "## The space", spaces(), "## Times", time_models(times)]
    if chosen:
        parts += ["## Decoders within the budgets", budgets(chosen)]
    if any(row["shape"] == TODAY.name for row in trained):
        parts += ["## Training", training(chosen, trained, halving)]
        parts += [f"![PSNR over time]({FIGURE})", "## Seeds", seeds(trained)]
        (docs / FIGURE).parent.mkdir(parents=True, exist_ok=True)
        draw(chosen, trained, docs / FIGURE)
    (docs / PAGE).write_text("\n\n".join(parts) + "\n")


def _paragraph(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def spaces() -> str:
    """How many decoders there are, and what the filter leaves."""
    all_, left = space.everything(), space.within_filter()
    today = float(space.kmac_per_pixel(TODAY.row[None])[0])
    low, high = (share * today for share in space.KMAC_SHARES)
    values = [(f"1/{stride}", *_values(stage)) for stage, stride in enumerate(space.STRIDES)]
    text = (
        "The last kernel is 1x1 or 3x3. Stages get narrower towards the pixels. That makes "
        f"{len(all_):,} decoders. The filter keeps those of {low:.1f} to {high:.1f} kMAC/px (thousands of "
        f"multiply-adds per pixel of the synthesis; today's has {today:.1f}): {len(left):,}."
    )
    return f"{table(('stage', 'channels', 'blocks', 'expansion'), values)}\n\n{_paragraph(text)}"


def _values(stage: int) -> Iterable[str]:
    lists = (space.CHANNELS[stage], space.BLOCKS[stage], space.EXPANSIONS)
    return (", ".join(str(value) for value in values) for values in lists)


def time_models(times: Sequence[Row]) -> str:
    """What the time model reaches on decoders that it has not seen."""
    models = {engine: time_model.fit(times, engine) for engine in ENGINES}
    lines = []
    for version, (engine, found) in zip(times[0]["engines"], models.items(), strict=True):
        value, low, high = found.correlation
        today = median(row[f"{engine}_anchor_ms"] for row in times)
        interval = f"{value:.3f} ({low:.3f} to {high:.3f})"
        lines.append((version, f"{today:.1f}", str(found.fitted), str(found.unseen), interval, f"{found.error:.1%}"))
    header = ("engine", "today's, ms", "fitted", "unseen", "rank correlation (95 %)", "median error")
    ratios = np.array([[row[f"{engine}_ratio"] for engine in ENGINES] for row in times])
    between = time_model.correlation(ratios[:, 0], ratios[:, 1])[0]
    costs = [
        (name, *(f"{100 * models[engine].costs[name]:.1f}" for engine in ENGINES))
        for name in models[ENGINES[0]].costs
        if any(models[engine].costs[name] for engine in ENGINES)
    ]
    return "\n\n".join(
        [
            _paragraph(
                f"{len(times)} decoders, today's and random ones, were measured on {times[0]['machine']}. The model "
                "adds up costs of layers, none of them negative. It is fitted to two thirds and checked on the rest."
            ),
            table(header, lines),
            _paragraph(
                f"The rank correlation of the two engines' times is {between:.3f}. Multiply-adds alone order the "
                f"native engine's times with {_by_macs(times):.3f}. Costs are in per cent of today's time, for each "
                "thousand per pixel. On the native engine blocks at 1/16 compute with 8 bits, all else with 16."
            ),
            table(("cost", *times[0]["engines"]), costs),
        ]
    )


def _by_macs(times: Sequence[Row]) -> float:
    shapes = np.array([Shape.named(row["shape"]).row for row in times])
    measured = np.array([row["native_ratio"] for row in times])
    return time_model.correlation(space.kmac_per_pixel(shapes), measured)[0]


def budgets(chosen: Sequence[Row]) -> str:
    """What was drawn for each budget."""
    lines = []
    for budget in sorted({row["budget"] for row in chosen}, reverse=True):
        drawn = [row for row in chosen if row["budget"] == budget]
        macs = space.kmac_per_pixel(np.array([Shape.named(row["shape"]).row for row in drawn]))
        arms = [str(sum(row["arm"] == arm for row in drawn)) for arm in ("funnel", "control")]
        lines.append((f"{budget:g}", f"{drawn[0]['fitting']:,}", *arms, f"{macs.min():.1f} to {macs.max():.1f}"))
    header = ("budget", "within 5 % by the model", "drawn for the funnel", "for the control", "kMAC/px")
    text = (
        "Drawn ones are within 5 % of their budget by a measurement too. The same time buys very different numbers of "
        "multiply-adds."
    )
    return f"{table(header, lines)}\n\n{_paragraph(text)}"


def training(chosen: Sequence[Row], trained: Sequence[Row], halving: Funnel) -> str:
    """What each rung of each budget found, and whether it beats the control."""
    results = funnel.results(trained)
    lines = []
    for budget in sorted({row["budget"] for row in chosen}, reverse=True):
        for steps, shapes in zip(halving.steps, funnel.rungs(chosen, trained, budget, halving), strict=False):
            lines.append(_arm(f"{budget:g}", "funnel", steps, shapes, results))
        lines.append(
            _arm(f"{budget:g}", "control", halving.steps[-1], funnel.controls(chosen, budget, halving), results)
        )
    header = (
        "budget",
        "arm",
        "steps",
        "crops",
        "trained",
        "best",
        "PSNR against today's",
        "mean, worst",
        "core minutes",
    )
    minutes = sum(row["core_seconds"] for row in trained) / 60
    shipped = [row for row in trained if row["shape"] == SHIPPED]
    today = [row for row in trained if row["shape"] == TODAY.name and row["seed"] == 0]
    reached = ", ".join(f"{score(row) - score(shipped[0]):+.2f} dB after {row['steps']:,} steps" for row in today)
    return "\n\n".join(
        [
            _paragraph(
                "PSNR is compared with that of today's decoder after equal training, in dB. A funnel costs "
                f"{halving.cost:,} steps for a budget. The control has the same cost: {halving.controls} random "
                "decoders, each as long as the longest rung. Steps are batches of 8 crops of 128x128, drawn from so "
                "many. Rungs may have different ones, but all runs of a rung have the same."
            ),
            *([table(header, found)] if (found := [line for line in lines if line[4] != "0"]) else []),
            _paragraph(
                "Today's decoder begins as the shipped one and trains as the others do. Against the shipped weights it "
                f"has {reached}. All runs together cost {minutes:.0f} core minutes."
            ),
            *luck(chosen, trained, halving),
            *winners(chosen, trained, halving),
        ]
    )


def luck(chosen: Sequence[Row], trained: Sequence[Row], halving: Funnel) -> list[str]:
    """For each budget, the funnel's decoder against random ones at equal cost."""
    results, longest = funnel.results(trained), halving.steps[-1]
    lines = []
    for budget in sorted({row["budget"] for row in chosen}, reverse=True):
        reached = list(funnel.rungs(chosen, trained, budget, halving))
        names = funnel.controls(chosen, budget, halving)
        random = [score(results[name, longest]) for name in names if (name, longest) in results]
        if random and len(reached) == len(halving.steps) and (reached[-1][0], longest) in results:
            found = score(results[reached[-1][0], longest])
            lines.append(
                f"At a budget of {budget:g}, the funnel's decoder has {found - max(random):+.3f} dB against the best "
                f"and {found - fmean(random):+.3f} dB against the mean of {len(random)} random ones."
            )
    return [_paragraph(" ".join(lines))] if lines else []


def _arm(
    budget: str, arm: str, steps: int, shapes: Sequence[str], results: dict[tuple[str, int], Row]
) -> tuple[str, ...]:
    """A line about decoders that trained for as long as each other."""
    done = sorted((shape for shape in shapes if (shape, steps) in results), key=lambda s: -score(results[s, steps]))
    if not done or (TODAY.name, steps) not in results:
        return (budget, arm, str(steps), "", "0", "", "", "", "")
    today = score(results[TODAY.name, steps])
    gains = [score(results[shape, steps]) - today for shape in done]
    minutes = sum(results[shape, steps]["core_seconds"] for shape in done) / 60
    spread = f"{fmean(gains):+.3f}, {gains[-1]:+.3f}"
    best = f"`{done[0]}`"
    crops = ", ".join(f"{count:,}" for count in sorted({results[shape, steps]["crops"] for shape in done}))
    return (budget, arm, f"{steps:,}", crops, str(len(done)), best, f"{gains[0]:+.3f}", spread, f"{minutes:.1f}")


def winners(chosen: Sequence[Row], trained: Sequence[Row], halving: Funnel) -> list[str]:
    """Shapes of the best decoders of the last rung that each budget has reached, with PSNR at each anchor."""
    results = funnel.results(trained)
    lines, losses = [], {}
    for budget in sorted({row["budget"] for row in chosen}, reverse=True):
        for steps in reversed(halving.steps):
            names = [row["shape"] for row in chosen if row["budget"] == budget and (row["shape"], steps) in results]
            if names and (TODAY.name, steps) in results:
                best = max(names, key=lambda name: score(results[name, steps]))
                ratio = next(row["ratio"] for row in chosen if row["shape"] == best)
                row, today = results[best, steps], results[TODAY.name, steps]["psnr"]
                macs = space.kmac_per_pixel(Shape.named(best).row[None])[0]
                gains = (f"{a - b:+.2f}" for a, b in zip(row["psnr"], today, strict=True))
                losses[budget] = fmean(today) - score(row)
                engine = f"{fmean(row['native_psnr']) - score(row):+.3f}" if "native_psnr" in row else ""
                shipped = f"{score(row) - score(results[SHIPPED, 0]):+.3f}"
                lines.append((f"`{best}`", f"{ratio:.2f}", f"{macs:.1f}", f"{steps:,}", shipped, engine, *gains))
                break
    anchors = [f"anchor {anchor}" for anchor in range(ANCHORS)]
    header = ("best so far", "time", "kMAC/px", "steps", "against shipped", "by the native engine", *anchors)
    text = (
        "For the best decoder of each budget: PSNR against the shipped weights, what the native engine's integers add, "
        "and PSNR against today's decoder after equal training at each anchor, in dB:"
    )
    aim = [
        f"A decoder of {AIM_BUDGET:g} of today's time was to lose at most {AIM:g} dB. The best one so far loses "
        f"{loss:.2f} dB."
        for budget, loss in losses.items()
        if budget == AIM_BUDGET
    ]
    return [_paragraph(text), table(header, lines), *map(_paragraph, aim)] if lines else []


def seeds(trained: Sequence[Row]) -> str:
    """Standard deviation of PSNR between seeds, by decoder and steps."""
    groups = defaultdict(list)
    for row in trained:
        groups[row["shape"], row["steps"]].append(score(row))
    lines = [
        (f"`{shape}`", f"{steps:,}", str(len(values)), f"{fmean(values):.3f}", f"{stdev(values):.3f}")
        for (shape, steps), values in groups.items()
        if len(values) > 1
    ]
    if not lines:
        return "Every run has one seed so far: differences of a few hundredths of a dB may be chance."
    return table(("decoder", "steps", "seeds", "PSNR, dB", "standard deviation"), lines)


def draw(chosen: Sequence[Row], trained: Sequence[Row], path: Path) -> None:
    """PSNR against today's after equal training, over measured time; the front of the longest runs as a line."""
    ratios = {row["shape"]: row["ratio"] for row in chosen} | {TODAY.name: 1.0}
    results = funnel.results([row for row in trained if row["shape"] in ratios])
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for steps in sorted({steps for _, steps in results}):
        if (TODAY.name, steps) not in results:
            continue
        today = score(results[TODAY.name, steps])
        points = sorted((ratios[shape], score(row) - today) for (shape, n), row in results.items() if n == steps)
        axes.plot(*zip(*points, strict=True), "o", ms=4, label=f"{steps:,} steps")
        front = [point for place, point in enumerate(points) if all(point[1] > p[1] for p in points[:place])]
        axes.plot(*zip(*front, strict=True), "-", lw=1, color=axes.lines[-1].get_color())
    axes.set_xlabel("time of the synthesis, share of today's")
    axes.set_ylabel("PSNR against today's shape, dB, equal files and training")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)
