"""A primitive: value, shape rule and gradient rules of one operation, side by side.

    tanh = Primitive("tanh(x)", np.tanh, same, x=lambda g, out: mul(g, sub(one, mul(out, out))))

The signature names the inputs; static parameters follow a `*`. There is one gradient rule per
input, called with the incoming gradient `g` and whatever else its parameters name:

    an input (`x`)            its value is saved, and checked for in-place writes since
    an output (`out`)         likewise
    the result (`out_array`)  its array, or None if it was overwritten since or is only traced
    an input's type `x_type`  only shape and dtype are saved (`types`: those of all inputs)
    a static parameter        as it was given

So a rule's parameter list says what the tape saves. An operation that takes NumPy many passes over
memory declares how its arrays are cut into rows (see `cut`), so that machine code can do it in one.

Where the gradients of several inputs share work, one `joint_rule` returns all of them (None where
there is none). An operation without gradients says `differentiable=False`. Rules are written in the
library's own operations, so second derivatives and compiled backward passes come for free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import tape
from .context import GradMode, local
from .cut import Cut
from .handle import wrap
from .kernels import kernel_or_numpy
from .plan import Plan, Rule, parameters

if TYPE_CHECKING:
    from .handle import Handle

REGISTRY: dict[str, Primitive] = {}


class Primitive:
    """One array operation of the narrow waist. Calling it applies it to tensors."""

    def __init__(
        self,
        signature: str,
        value: Callable[..., Any],
        shape: Callable[..., Any],
        *,
        outputs: tuple[str, ...] = ("out",),
        is_view: bool = False,
        is_part: bool = False,
        differentiable: bool = True,
        variadic_rule: Callable[[int], Rule] | None = None,
        joint_rule: Rule | None = None,
        cut: Cut | None = None,
        numpy_only: Sequence[str] = (),
        **rules: Rule | None,
    ) -> None:
        self.name, _, rest = signature.rstrip(")").partition("(")
        positional, _, static = rest.partition("*")
        self.inputs = tuple(n.strip() for n in positional.split(",") if n.strip())
        self.static = tuple(n.strip() for n in static.split(",") if n.strip())
        self.shape = shape
        self.outputs = outputs
        self.cut = cut
        self.value = value
        if cut is not None:
            self.value = kernel_or_numpy(self.name, self, shape, value, cut, numpy_only)
        self.is_view = is_view
        self.is_part = is_part  # a view of some of the elements, each at most once
        self.is_plain = not is_view and len(outputs) == 1
        self.variadic_rule = variadic_rule
        self.joint_rule = joint_rule
        self.rules = tuple(rules.pop(name, None) for name in self.inputs)
        self.differentiable = differentiable
        self.plans: dict[int, Plan] = {}  # by the bit set of inputs that need a gradient
        self.has_rules = bool(variadic_rule or joint_rule or any(self.rules))
        if differentiable != self.has_rules:
            raise TypeError(f"{self.name}: give gradient rules, or say differentiable=False")
        if rules:
            raise TypeError(f"{self.name}: gradient rules for unknown inputs {sorted(rules)}")
        self._check_rules()
        if self.name in REGISTRY:
            raise TypeError(f"primitive {self.name} is defined twice")
        REGISTRY[self.name] = self

    def _check_rules(self) -> None:
        types = [f"{name}_type" for name in self.inputs]
        arrays = [f"{name}_array" for name in self.outputs if len(self.outputs) == 1]
        known = {*self.inputs, *self.outputs, *arrays, *types, "types", *self.static}
        named = [*zip(self.inputs, self.rules, strict=True), ("all inputs", self.joint_rule)]
        for name, rule in named:
            unknown = set(parameters(rule)) - known if rule else None
            if unknown:
                raise TypeError(
                    f"{self.name}: the gradient rule of {name} asks for {sorted(unknown)}; it can "
                    f"have {sorted(known)}"
                )

    __call__: Callable[..., Any] = tape.bind

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.inputs)})>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return registered, (self.name,)

    def plan(self, wanted: int, count: int) -> Plan:
        """The plan for `count` inputs; bit i of `wanted` says if input i needs a gradient."""
        plan = Plan(self, wanted, count)
        if self.variadic_rule is None:
            self.plans[wanted] = plan
        return plan


class Composite(Primitive):
    """A named operation made of primitives, with gradient rules of its own.

    `expand` expresses it in primitives, for backends without an implementation. `value` is a NumPy
    implementation where that is faster; without one the expansion is run.
    """

    def __init__(
        self,
        signature: str,
        expand: Callable[..., Any],
        shape: Callable[..., Any],
        *,
        value: Callable[..., Any] | None = None,
        outputs: tuple[str, ...] = ("out",),
        differentiable: bool = True,
        joint_rule: Rule | None = None,
        cut: Cut | None = None,
        numpy_only: Sequence[str] = (),
        **rules: Rule,
    ) -> None:
        super().__init__(
            signature,
            value or self._run,
            shape,
            outputs=outputs,
            is_view=False,
            is_part=False,
            differentiable=differentiable,
            joint_rule=joint_rule,
            cut=cut,
            numpy_only=numpy_only,
            **rules,
        )
        self.expand = expand

    def _run(self, *arrays: Any, **params: Any) -> Any:
        with GradMode(False):
            out = self.expand(*[wrap(a) for a in arrays], **params)
        return tuple(o._value for o in out) if len(self.outputs) > 1 else out._value


class Shortcut(Composite):
    """A composite that is never recorded: if a gradient is needed, its expansion is recorded.

    So it needs no gradient rules. It is for computations of backward passes, which are seldom
    differentiated again.
    """

    def __init__(
        self,
        signature: str,
        expand: Callable[..., Any],
        shape: Callable[..., Any],
        *,
        value: Callable[..., Any],
        outputs: tuple[str, ...] = ("out",),
        cut: Cut | None = None,
    ) -> None:
        super().__init__(
            signature, expand, shape, value=value, outputs=outputs, differentiable=False, cut=cut
        )

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """Run it, or its expansion if a gradient is needed."""
        if local.context.grad_enabled and any(tape.history(x) is not None for x in inputs):
            return self.expand(*inputs, **params)
        return tape.bind(self, *inputs, **params)


def registered(name: str) -> Primitive:
    """The primitive of this name; a pickled primitive is loaded by it."""
    return REGISTRY[name]


def run_view(steps: tuple[tuple[Primitive, dict[str, Any]], ...], tensor: Handle) -> Any:
    """Apply the steps of a view in order."""
    for primitive, params in steps:
        tensor = primitive(tensor, **params)
    return tensor
