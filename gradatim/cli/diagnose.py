"""`gradatim diagnose`: what is wrong inside a network, and its cures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from ..training.errors import BadUse
from .failures import say
from .options import checkpoint_option, json_option, model_or_run, print_json, runs_option
from .pictures import output_option, save

if TYPE_CHECKING:
    from ..diagnose import Report, Stage

EXAMPLES = """\b
Examples:
  gradatim diagnose
  gradatim diagnose mlp
  gradatim diagnose mlp-1 -o mlp-1.svg
"""
LEGEND = """\
variation         by how much examples differ there
flat              values that let hardly any gradient through: slope under 1/16 of the steepest
dead units        flat for every example
gradient to data  how far a step of learning rate 1 would move a weight, relative to its size"""


@click.command(epilog=EXAMPLES)
@click.argument("what", metavar="[MODEL|RUN]", required=False)
@click.option(
    "--examples",
    type=click.IntRange(2),
    default=256,
    show_default=True,
    metavar="N",
    help="How many examples a MODEL or RUN is examined on.",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    metavar="N",
    help="Steps of training for each of the four deep networks.",
)
@click.option(
    "--depth",
    type=click.IntRange(2, 100),
    default=30,
    show_default=True,
    metavar="N",
    help="Hidden layers of the four deep networks.",
)
@checkpoint_option
@runs_option
@json_option
@output_option
def command(
    what: str | None,
    examples: int,
    steps: int,
    depth: int,
    checkpoint: str,
    root: Path,
    as_json: bool,
    output: Path | None,
) -> None:
    """What a network does to its signals and gradients, layer by layer.

    Without an argument: a network of thirty layers that cannot learn, and how initialisation,
    normalisation and residual connections cure it one after the other. With one: a fresh MODEL, or
    that of a RUN, on the first examples of its data. A table, what looks ill, and a picture.
    """
    given = _given("examples") if what is None else _given("steps", "depth")
    if given:
        others = "a MODEL or RUN, which is missing" if what is None else "the four deep networks"
        raise BadUse(f"--{given[0]} is for {others}; see: gradatim diagnose --help")
    if what is None:
        _cures(steps, depth, as_json, output)
    else:
        _examine(what, examples, checkpoint, root, as_json, output)


def _given(*options: str) -> list[str]:
    """Those of the options that were typed."""
    source = click.get_current_context().get_parameter_source
    return [name for name in options if source(name) is ParameterSource.COMMANDLINE]


def _cures(steps: int, depth: int, as_json: bool, output: Path | None) -> None:
    from .. import diagnose, draw

    def tell(name: str) -> None:
        say(f"{depth} layers, {name}: examining, then {steps} steps ...")

    stages = []
    for stage in diagnose.cures(steps=steps, depth=depth, tell=tell):
        stages.append(stage)
        if not as_json:
            click.echo("\n".join(_stage_lines(stage)))
    if as_json:
        print_json([_stage_numbers(stage) for stage in stages])
    else:
        save(lambda: draw.cures(stages), output, "cures")


def _stage_lines(stage: Stage) -> list[str]:
    signals = stage.report.activations
    first, last = signals[0].gradient_norm, signals[-1].gradient_norm
    line = f"{stage.name}: gradient {first:.1e} at the first layer, {last:.1e} at the last; "
    return [
        f"{line}loss {stage.losses[0]:.2f} -> {stage.last_loss():.3f}",
        *(f"  {finding}" for finding in stage.report.findings()),
    ]


def _stage_numbers(stage: Stage) -> dict[str, object]:
    return {
        "name": stage.name,
        "gradient_norms": [signal.gradient_norm for signal in stage.report.activations],
        "autocorrelation": stage.autocorrelation.tolist(),
        "losses": stage.losses.tolist(),
        "findings": stage.report.findings(),
    }


def _examine(
    what: str, examples: int, checkpoint: str, root: Path, as_json: bool, output: Path | None
) -> None:
    from .. import diagnose, draw

    trained, name = model_or_run(what, root, checkpoint)
    if not any(True for _ in trained.model.parameters()):
        raise BadUse(f"{trained.name} is counted, not trained: it has no gradients to look at")
    batch = trained.batch(examples)
    report = diagnose.examine(trained.model, *batch)
    if as_json:
        print_json({"name": name, "loss": report.loss, **_report_numbers(report)})
        return
    click.echo(f"{report}\n\n{LEGEND}\n")
    click.echo(f"loss {report.loss:.4f} on the first {len(batch[0]):,} examples")
    for finding in report.findings() or ["nothing looks ill"]:
        click.echo(finding)
    save(lambda: draw.diagnosis(report, title=name), output, f"{name}-diagnosis")


def _report_numbers(report: Report) -> dict[str, object]:
    return {
        "signals": [
            {
                "name": signal.name,
                "kind": signal.kind,
                "mean": signal.mean,
                "std": signal.std,
                "variation": signal.variation,
                "flat": signal.saturated,
                "dead": signal.dead,
                "units": signal.units,
                "gradient_norm": signal.gradient_norm,
            }
            for signal in report.signals
        ],
        "weights": [
            {
                "name": weight.name,
                "shape": list(weight.values.shape),
                "std": weight.std,
                "gradient_norm": weight.gradient_norm,
                "gradient_to_data": weight.gradient_to_data,
            }
            for weight in report.weights
        ],
        "findings": report.findings(),
    }
