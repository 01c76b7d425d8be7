"""The vocabulary: each operation's value, shape rule and gradients, side by side.

Primitives here take tensors of equal shape and dtype where they take several: broadcasting
and promotion are inserted by the tensor's face, so no gradient rule has to undo them.
"""
