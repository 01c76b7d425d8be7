"""The operations: value, shape rule and gradients of each, side by side.

Primitives here take tensors of equal shape and dtype where they take several: broadcasting
and promotion are inserted by `Tensor`'s methods, so no gradient rule has to undo them.
"""
