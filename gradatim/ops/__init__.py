"""The operations: value, shape rule and gradients of each, side by side.

Elementwise primitives take tensors of equal shape and dtype: `Tensor`'s methods insert broadcasting
and promotion as separate operations, so no gradient rule has to undo them.
"""
