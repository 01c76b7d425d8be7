"""Compute graphs, from the tape to boxes and edges.

compute_graph     `draw.graph`: the graph of a value or a tensor
chain_rule        `draw.backward_steps`: the chain rule in pictures; `slopes`: its factors
record            nodes and edges, whatever engine they came from
values            the graph behind a scalar `Value`
tensors           the graph behind a `Tensor`; `tape_facts`: what the tape still knows
modules           which module each node belongs to
fold_by_module    large graphs folded by module; `fold`: many nodes merged into one
layout            positions for the boxes, routes for the edges
picture           the picture; `card`: one node
"""
