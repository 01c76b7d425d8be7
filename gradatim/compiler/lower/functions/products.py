"""Products, alone or together with the row nests that consume their bands.

A product is up to three functions: its operands may be packed first.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ...ir.graph import Var
from ...ir.nests import BandNest, Leaf, ProductNest, writes
from ...machine.target import Target
from ..nest.refusals import refused_by
from ..nest.writing import Lowering, Writing
from ..products.afterwards import Afterwards
from ..products.bands import BandWriter, Near
from ..products.epilogue import planned_pointer, write_planned
from ..products.matmul import Operands
from ..products.pack import write_pack
from ..products.product import Pack, Plan, Product
from ..products.tiles import plan
from .alike import likeness

BYTE = np.dtype(np.uint8)
RATE = 100  # flops of a product per nanosecond
FAR_RATE = 25  # bytes that one core reads from L3 per nanosecond


def band_items(nest: BandNest, target: Target) -> int:
    """The number of work items of a band nest."""
    return _planned(nest.product, target, aligned=True, in_bands=True).items


def write_product(lowering: Lowering, nest: ProductNest) -> None:
    """Write the functions of a product alone."""
    _write(lowering, nest, BandNest(nest, (), frozenset()))


def write_bands(lowering: Lowering, nest: BandNest) -> None:
    """Write the functions of a product and the row nests that consume its bands."""
    _write(lowering, nest, nest)


def _write(lowering: Lowering, nest: ProductNest | BandNest, band: BandNest) -> None:
    product, dtype = band.product, band.product.equation.inputs[0].dtype
    target = lowering.target
    aligned = lowering.begins_line(product.b.var) and not product.b.offset % target.lanes(dtype)
    planned = _planned(product, target, aligned=aligned, in_bands=bool(band.then))
    a, b = _factors(lowering, nest, product, planned)
    near = Near(band, planned)
    scratch = Var((planned.scratch,), dtype)
    room = Var((planned.items * near.size,), BYTE)
    rooms = [v for v in (scratch, room) if v.size]
    nodes = [n for part in band.parts for n in part.nodes]
    leaves = [x.var for n in nodes for x in n.arguments if isinstance(x, Leaf) and x.in_memory]
    written = [s.into for part in band.parts for s in part.stores]
    touched = [*leaves, *written]
    parameters = [room if v in near.places else v for v in touched]
    refused = refused_by(nodes)
    after = lowering.coming.get(nest, ()) if planned.streams else ()
    like = *map(likeness, band.parts), planned, near.offsets(touched), *(v.nbytes for v in after)
    w = Writing(lowering, [a.var, b.var, *parameters, *rooms, *after], None if refused else like)
    if w.is_new:
        base = planned_pointer(w.f, w, a), planned_pointer(w.f, w, b)
        sums, rows = (w.pointer(v) if v.size else None for v in (scratch, room))
        memory, span = Operands(*base, sums), (w.begin, w.end)
        writer = BandWriter(w, band, near, rows) if band.then else None
        scope = writer.scope(product.nodes) if writer else w.scope(nodes, refused)
        prefetches = Afterwards(w.f, planned, [(w.pointer(v), v.nbytes) for v in after])
        write_planned(w, scope, product, planned, memory, span, bands=writer, after=prefetches)
    read = [a.var, b.var, *(v for v in leaves if v not in written)]
    each = sum(v.nbytes for v in rooms) // max(planned.items, 1)
    w.finish(read, [*writes(nest), *rooms], planned.items, nest, _work(band), room=each)


def _planned(nest: ProductNest, target: Target, *, aligned: bool, in_bands: bool) -> Plan:
    x, y = nest.equation.inputs
    (*batch, m, k), n = x.shape, y.shape[-1]
    strides = nest.a.strides, nest.b.strides
    product = Product(tuple(batch), m, n, k, x.dtype, *strides, aligned=aligned, in_bands=in_bands)
    return plan(product, target)


def _factors(
    lowering: Lowering, nest: ProductNest | BandNest, product: ProductNest, planned: Plan
) -> tuple[Leaf, Leaf]:
    """What the product reads: its factors, or what they are packed into."""
    factors = {"a": product.a, "b": product.b}
    for pack in planned.packs:
        factors[pack.operand] = _packed(lowering, nest, planned, pack, factors[pack.operand])
    return factors["a"], factors["b"]


def _packed(
    lowering: Lowering, nest: ProductNest | BandNest, planned: Plan, pack: Pack, leaf: Leaf
) -> Leaf:
    packed = Var((pack.size,), leaf.var.dtype)
    w = Writing(lowering, [leaf.var, packed], (planned, pack, leaf.offset))
    if w.is_new:
        source = planned_pointer(w.f, w, leaf)
        write_pack(w.f, planned, pack, source, w.pointer(packed), w.begin, w.end)
    w.finish([leaf.var], [packed], pack.items, nest, pack.size * 0.2)
    return Leaf(packed, ())


def _work(band: BandNest) -> float:
    """About how many nanoseconds it takes one core."""
    x, y = band.product.equation.inputs
    flops = 2 * prod(x.shape) * y.shape[-1]
    more = sum(prod(n.dims) * 0.05 * (len(n.nodes) + 2) for n in band.then)
    return max(flops / RATE, y.nbytes / FAR_RATE) + more
