"""`gradatim train`: from a model's name to its losses, samples, and what to type next."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..training.errors import BadUse
from .eval import losses_of_letters
from .misplaced import SettingsCommand
from .options import data_option, json_option, no_compile_option, print_json, runs_option, warn
from .progress import reporter
from .sample import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..data.examples import Examples
    from ..training.loop import Outcome
    from ..training.session import Session
    from ..training.tasks import LanguageModel, SampleRequest

EXAMPLES = """\b
Examples:
  gradatim train bigram
  gradatim train mlp --set h=300 --set learning_rate=0.05
  gradatim train mlp --data cities.txt --name cities
  gradatim train mlp --config mine.toml --steps 50000
  gradatim train --resume cities
  gradatim train --resume cities --steps 100000
"""


@click.command(cls=SettingsCommand, epilog=EXAMPLES)
@click.argument("model", required=False)
@click.option(
    "--name",
    metavar="RUN",
    help="A name for the run; by default the model and a number, such as mlp-1.",
)
@click.option("--resume", metavar="RUN", help="Resume a run from its last checkpoint.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings in TOML, such as a run's own config.toml.",
)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting, over those of --config; can be repeated. `gradatim models NAME` lists them.",
)
@data_option(
    "What to learn from instead of the built-in names: a text file, of one word per line for"
    " all models but gpt; or, for gpt, the text `english` that every Python has.",
    metavar="FILE|names|english",
)
@click.option("--steps", metavar="N", help="Short for --set training.steps=N.")
@click.option("--seed", metavar="N", help="Short for --set training.seed=N.")
@no_compile_option
@click.option(
    "--samples",
    type=click.IntRange(0),
    metavar="N",
    help="How many samples to print at the end; by default 20 words, or one text.",
)
@runs_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    model: str | None,
    name: str | None,
    resume: str | None,
    config: Path | None,
    pairs: tuple[str, ...],
    data: str | None,
    steps: str | None,
    seed: str | None,
    no_compile: bool,
    samples: int | None,
    root: Path,
    as_json: bool,
) -> None:
    """Train MODEL, by default mlp, and print what it learned; `gradatim models` lists them.

    Ctrl-C finishes the step, saves a checkpoint and says how to go on; nothing that was saved is
    lost by any crash. Everything about the run is in runs/NAME.
    """
    from ..training.session import go_on, new

    short = {"data.file": data, "training.steps": steps, "training.seed": seed}
    settings = [*pairs, *(f"{key}={value}" for key, value in short.items() if value is not None)]
    settings += ["training.compile=false"] if no_compile else []
    if resume is None:
        session = new(root, model, name=name, config_file=config, pairs=settings, warn=warn)
    else:
        _refuse_with_resume(name=name, config=config)
        session = go_on(root, resume, model=model, pairs=settings, warn=warn)
    with session:
        code = _train_and_report(session, samples=samples, as_json=as_json)
    context.exit(code)


def _refuse_with_resume(**others: object) -> None:
    for option, value in others.items():
        if value is not None:
            raise BadUse(f"--resume takes its settings from the run; leave out --{option}")


def _train_and_report(session: Session, *, samples: int | None, as_json: bool) -> int:
    from ..training.loop import train
    from ..training.tasks import SampleRequest

    teller = reporter(stderr=as_json)
    teller.line(session.headline())
    try:
        outcome = train(
            session.run, session.config, session.learner, start=session.start, reporter=teller
        )
    finally:
        teller.close()
    finished = outcome.state == "finished"
    language_model = session.trained(outcome.step).language_model
    count = language_model.default_count if samples is None else samples
    request = SampleRequest(count if finished else 0, seed=session.config.training.seed)
    if as_json:
        written = list(map("".join, language_model.samples(request)))
        print_json(_as_json(session, outcome, written))
    elif finished:
        _report_end(session, outcome, language_model, request)
    else:
        _report_interruption(session, outcome)
    if as_json and not finished:
        _report_interruption(session, outcome, err=True)
    return outcome.exit_code


def _report_interruption(session: Session, outcome: Outcome, *, err: bool = False) -> None:
    click.echo(
        f"Stopped after step {outcome.step:,} of {session.config.training.steps:,}; it is saved.",
        err=err,
    )
    click.echo(f"Go on with: gradatim train --resume {session.run.typed}", err=err)


def _report_end(
    session: Session, outcome: Outcome, language_model: LanguageModel, request: SampleRequest
) -> None:
    click.echo()
    for line in result_lines(session, outcome):
        click.echo(line)
    if request.count:
        click.echo()
        write(language_model, request, table=True)
    click.echo()
    click.echo(f"Next: gradatim sample {session.run.typed} --temperature 0.8")


def result_lines(session: Session, outcome: Outcome) -> list[str]:
    """The losses with the expected range, and the speed."""
    lines = {split: f"{split:5}  {loss:.4f}" for split, loss in outcome.losses.items()}
    for split, loss in losses_of_letters(session.learner.task, outcome.losses).items():
        lines[split] += f"   {loss:.4f} per letter"
    expected = session.expected_dev_loss()
    if expected is not None:
        lines["dev"] += f"   {verdict(outcome.losses['dev'], *expected)} on these data"
    steps = "1 step" if outcome.step == 1 else f"{outcome.step:,} steps"
    speed = (
        f"{outcome.steps_per_second:,.0f} steps/s, {outcome.examples_per_second:,.0f} examples/s"
    )
    return [
        f"loss: {session.learner.task.loss_is}{sampled(session.learner.parts)}",
        *lines.values(),
        f"{steps} in {outcome.seconds:.1f} s"
        + (f"; once under way {speed}" if outcome.steps_per_second else ""),
    ]


def sampled(parts: Mapping[str, Examples]) -> str:
    """A note on splits too large to be evaluated completely, as the end of a line."""
    from ..training.losses import ENOUGH, enough

    large = [split for split, part in parts.items() if enough(part) < len(part)]
    return f"; of {' and '.join(large)} that of {ENOUGH:,}, spread evenly" if large else ""


def verdict(loss: float, low: float, high: float) -> str:
    """How a loss compares with the range that the default settings reach.

    >>> verdict(2.14, 2.1, 2.2)
    'as expected (2.10 to 2.20)'
    """
    how = "as" if low <= loss <= high else "better than" if loss < low else "worse than"
    return f"{how} expected ({low:.2f} to {high:.2f})"


def _as_json(session: Session, outcome: Outcome, words: list[str]) -> dict[str, Any]:
    return {
        "run": session.run.name,
        "path": str(session.run.path),
        "model": session.config.name,
        **asdict(outcome),
        "expected_dev_loss": session.expected_dev_loss(),
        "samples": words,
    }
