"""Make the pictures of the documentation, each with a few lines that a reader could type.

    python tools/make_pictures.py             all of them, into docs/pictures/ (half a minute)
    python tools/make_pictures.py lol moons   only these
    python tools/make_pictures.py depth       those of docs/depth.md, whose programs save them
    python tools/make_pictures.py attention   that of docs/gpt.md, likewise
    python tools/make_pictures.py random-400  a graph of 400 nodes, to judge the layout by

Everything is seeded: the same version makes the same bytes.
"""

import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

from quote_page import renewed

import gradatim
from gradatim import diagnose, draw, nn
from gradatim.data import names
from gradatim.draw import Drawing, Drawings
from gradatim.models import gpt
from gradatim.scalar import MLP, Value, lol, squared_error, train, two_moons

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "pictures"


def lol_before() -> Drawing:
    return draw.graph(lol())


def lol_after() -> Drawing:
    L = lol()
    L.backward()
    return draw.graph(L)


def lol_steps() -> Drawings:
    return draw.backward_steps(lol())


def diamond_steps() -> Drawings:
    a, b = Value(3.0, label="a"), Value(-2.0, label="b")
    d, e = a * b, a + b
    d.label, e.label = "d", "e"
    f = d * e
    f.label = "f"
    return draw.backward_steps(f)


def one_sample() -> tuple[MLP, Value]:
    net = MLP(3, [4, 4, 1], rng=random.Random(2))
    y = net([2.0, 3.0, -1.0])
    assert isinstance(y, Value)
    y.label = "y"
    y.backward()
    return net, y


def mlp() -> Drawing:
    net, y = one_sample()
    return draw.graph(y, net)


def mlp_folded() -> Drawing:
    net, y = one_sample()
    return draw.graph(y, net, fold=True)


def random_400() -> Drawing:
    rng = random.Random(5)
    values = [Value(rng.uniform(-1, 1), label=f"p{i}") for i in range(40)]
    while len(values) < 380:
        a, b = rng.sample(values[-40:], 2)
        values.append(rng.choice([a + b, a * b, a.tanh(), b - a]))
    used = {child for value in values for child in value._children}
    ends = [value for value in values if value not in used]
    while len(ends) > 1:  # add them in pairs until one result is left
        ends.append(ends.pop(0) + ends.pop(0))
    ends[0].backward()
    return draw.graph(ends[0])


def descent_curve() -> Drawing:
    return draw.descent(
        lambda x: x**2 + 1,
        3.0,
        lr=[0.02, 0.2, 1.05],
        steps=15,
        title="f(x) = x² + 1: a rate too small, a good one, one too large",
    )


def descent_contours() -> Drawing:
    return draw.descent(
        lambda x, y: x**2 / 2 + 3 * y**2 + x * y,
        (3.0, 1.6),
        lr=[0.02, 0.2, 0.34],
        steps=20,
        title="f(x, y) = x²/2 + 3y² + xy: along the valley, across it, out of it",
    )


def bigram_counts() -> tuple[str, list[list[int]]]:
    words = names.load()
    letters = words.vocabulary.characters
    place = {letter: i for i, letter in enumerate(letters)}
    counts = [[0] * len(letters) for _ in letters]
    for word in words.words:
        for first, second in zip(f".{word}", f"{word}.", strict=True):
            counts[place[first]][place[second]] += 1
    return letters, counts


def bigrams() -> Drawing:
    letters, counts = bigram_counts()
    title = "Which letter follows which in 29,910 first names ('.' begins and ends a name)"
    return draw.heatmap(counts, letters, letters, scale="sqrt", title=title)


def surprise() -> Drawing:
    word = "emma"
    letters, counts = bigram_counts()
    place = {letter: i for i, letter in enumerate(letters)}
    values = []
    for first, second in zip(f".{word}", f"{word}.", strict=True):
        row = counts[place[first]]
        values.append(-math.log(row[place[second]] / sum(row)))
    return draw.surprise(word, values)


def moons_net() -> tuple[MLP, list[tuple[list[float], float]], dict[str, object]]:
    """A network of 105 parameters trained on two moons, and its losses during training."""
    moons, rng = two_moons(100, rng=random.Random(0)), random.Random(1)
    fresh = two_moons(100, rng=random.Random(7))
    net = MLP(2, [8, 8, 1], rng=rng)
    batch: list[float] = []
    steps: list[int] = []
    losses: dict[str, list[float]] = {"train": [], "dev": []}
    for done in range(0, 401, 20):
        if done:
            batch += train(net, moons, rate=0.2, steps=20, batch_size=10, rng=rng).losses
        steps.append(done)
        for name, samples in (("train", moons), ("dev", fresh)):
            losses[name].append(squared_error(net, samples).data / len(samples))
    return net, moons, {"batch": batch, **{name: (steps, ys) for name, ys in losses.items()}}


def curves() -> Drawing:
    _, _, losses = moons_net()
    return draw.curves(losses, log_y=True, title="A network of 105 parameters learns two moons")


def moons() -> Drawing:
    net, samples, _ = moons_net()
    return draw.boundary(
        lambda points: [net(point) for point in points],
        [point for point, _ in samples],
        [label for _, label in samples],
        title="Two moons, told apart by 105 parameters",
    )


def diagnosis() -> Drawing:
    gradatim.manual_seed(0)
    layers = [layer for _ in range(8) for layer in (nn.Linear(50, 50), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(50, 1))
    report = diagnose.examine(model, gradatim.randn(256, 50), loss=lambda y: (y * y).mean())
    return draw.diagnosis(report, title="Eight layers of 50 ReLUs as they come")


def cures() -> Drawing:
    return draw.cures(list(diagnose.cures()))


def gpt_modules() -> Drawing:
    gradatim.manual_seed(0)
    X = Y = gradatim.zeros(1, 16, dtype=gradatim.int64)
    return draw.architecture(gpt.Model(gpt.Config()), X, Y)


def activations() -> Drawing:
    return draw.activations()


PICTURES: dict[str, Callable[[], Drawing | Drawings]] = {
    "lol-before": lol_before,
    "lol": lol_after,
    "lol-steps": lol_steps,
    "diamond-steps": diamond_steps,
    "mlp": mlp,
    "mlp-folded": mlp_folded,
    "descent-curve": descent_curve,
    "descent-contours": descent_contours,
    "bigrams": bigrams,
    "surprise": surprise,
    "curves": curves,
    "moons": moons,
    "diagnosis": diagnosis,
    "cures": cures,
    "activations": activations,
    "gpt": gpt_modules,
}
# Pages whose programs save their own pictures.
PAGES = {"depth": DOCS / "depth.md", "attention": DOCS / "gpt.md"}
# Not in the documentation, since it is as large as all the others together.
ON_REQUEST = {"random-400": random_400}


def main(wanted: list[str]) -> None:
    makers = PICTURES | ON_REQUEST
    unknown = sorted(set(wanted) - set(makers) - set(PAGES))
    if unknown:
        there = ", ".join([*makers, *PAGES])
        raise SystemExit(f"no picture {', '.join(unknown)}; there are {there}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in wanted or [*PICTURES, *PAGES]:
        if name in PAGES:
            renewed(PAGES[name].read_text(encoding="utf-8"), FOLDER)
            print(f"those of {PAGES[name].relative_to(DOCS.parent)}")
            continue
        print(makers[name]().save(FOLDER / f"{name}.svg").relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
