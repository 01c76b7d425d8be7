"""`gradatim explain`: what the compiler does with a training step, stage by stage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from ..training.errors import BadUse, Failure
from .misplaced import SettingsCommand
from .options import data_option

if TYPE_CHECKING:
    from ..training.learner import ModelLearner

SCALAR = "lol"  # the scalar expression of the first session

EXAMPLES = """\b
Examples:
  gradatim explain mlp
  gradatim explain mlp --profile
  gradatim explain mlp --set h=64 --stage passes
  gradatim explain bigram --stage assembly --nest 2 --target x86-64-v3
  gradatim explain lol --stage llvm
"""


@click.command(cls=SettingsCommand, epilog=EXAMPLES)
@click.argument("model")
@click.option(
    "--stage",
    metavar="NAME",
    help="Only one: trace, passes or the name of a pass, schedule, llvm, assembly.",
)
@click.option("--nest", type=int, metavar="N", help="Only one loop nest, counted from 1.")
@click.option("--target", metavar="CPU", help="For another processor, such as x86-64-v3.")
@click.option("--profile", is_flag=True, help="How long each loop nest takes on this machine.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="One setting, as for train; can be repeated.",
)
@data_option("A text file, as for train.")
def command(
    model: str,
    stage: str | None,
    nest: int | None,
    target: str | None,
    profile: bool,
    pairs: tuple[str, ...],
    data: str | None,
) -> None:
    """The training step of MODEL as the compiler sees it: equations, loop nests, machine code.

    `lol` is a small expression of single numbers; `gradatim models` lists the rest. Nothing is
    trained: --profile runs steps and restores the state.
    """
    from ..compiler.machine import engine

    if profile and (stage, nest, target) != (None, None, None):
        raise BadUse("--profile times whole steps here; leave out --stage, --nest and --target")
    if (why := engine.available()) is not None:
        raise Failure(f"{why}; without it nothing can be compiled")
    if model == SCALAR:
        refuse_for_scalars(nest=nest, target=target, profile=profile, set=pairs, data=data)
        click.echo(scalars(stage))
    else:
        click.echo(step(model, pairs, data, stage=stage, nest=nest, target=target, timed=profile))


def refuse_for_scalars(**others: Any) -> None:
    """Refuse options that mean nothing for single numbers."""
    for option, value in others.items():
        if value:
            raise BadUse(f"{SCALAR} has only --stage; leave out --{option}")


def scalars(stage: str | None) -> str:
    """The expression of the first session, with the inputs of the slides."""
    from ..compiler.scalars.program import compile_scalars
    from ..core.errors import ArgumentError
    from ..scalar import lol

    try:
        return compile_scalars(lol).explain(2.0, -3.0, 10.0, -2.0, stage=stage)
    except ArgumentError as error:
        raise BadUse(str(error)) from error


def step(
    model: str,
    pairs: tuple[str, ...],
    data: str | None,
    *,
    stage: str | None,
    nest: int | None,
    target: str | None,
    timed: bool,
) -> str:
    """A model's training step, explained or timed."""
    from .. import tensor
    from ..compiler.program.program import Program
    from ..core.dtypes import float64
    from ..core.errors import ArgumentError
    from ..training.blas_threads import threads

    learner = make(model, [*pairs, *([f"data.file={data}"] if data else [])])
    rate = tensor(learner.settings.learning_rate, dtype=float64)
    arguments = (rate,) if learner.examples.has_table else (rate, *learner.examples.read())
    program = Program(learner.draw_and_descend if len(arguments) == 1 else learner.descend)
    try:
        if timed:  # timed as it is trained, with as many threads
            with threads(learner.settings.threads):
                return str(program.profile(*arguments))
        shown = program.explain(*arguments, stage=stage, nest=nest, target=target)
    except ArgumentError as error:
        raise BadUse(str(error)) from error
    # Source lines of equations: here they are lines of the command, not of the user.
    return re.sub(r"^     # .*\n", "", shown, flags=re.MULTILINE)


def make(model: str, pairs: list[str]) -> ModelLearner:
    """A model ready for its first step. Errors: BadUse if it is not trained by steps."""
    from ..training.session import make_learner
    from ..training.settings import configured, find_model, read_task

    config = configured(find_model(model), pairs)
    task = read_task(config)
    learner = make_learner(task.sized(config), task)
    if not learner.descends:
        raise BadUse(f"{model} is counted, not trained: it has no step; try gradatim explain mlp")
    learner.model.train()
    while not learner.examples.get_ready():
        pass
    return learner
