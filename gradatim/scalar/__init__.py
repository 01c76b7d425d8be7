"""Session 1 of the course, complete: from one number with a gradient to a network that learns.

Pure Python; imports nothing else from Gradatim. Read the files in this order:

    value.py            Value: a number that remembers how it was made; backward(), the chain rule
    ieee.py             arithmetic that returns inf or nan where Python raises
    first_graph.py      lol(), the function of the slides: four inputs, three operations
    nudge.py            slopes by nudging each input, compared with those of backward()
    descent.py          gradient descent on the inputs of any function
    network.py          Neuron, Layer, MLP
    samples.py          two data sets: the four samples of the slides, and two moons
    training.py         the loop: forward, reset, backward, update; full batch or mini-batches
    mapped_samples.py   samples from a file larger than memory
    approximation.py    how wide, or how deep, a network must be to approximate a curve
    no_free_lunch.py    why every learner scores one half, averaged over all problems
"""

from .approximation import (
    deep_network,
    hinge_network,
    segments_for,
    shallow_network,
    train_output_layer,
    worst_error,
)
from .descent import Step, descend
from .first_graph import lol
from .mapped_samples import MappedSamples, write_samples
from .network import ACTIVATIONS, MLP, Layer, Network, Neuron
from .no_free_lunch import average_score, majority, nearest_neighbour, trained_neuron
from .nudge import gradient, nudge
from .samples import Sample, four_samples, two_moons
from .training import Run, accuracy, squared_error, train
from .value import SLOPES, Number, Value

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "SLOPES",
    "Layer",
    "MappedSamples",
    "Network",
    "Neuron",
    "Number",
    "Run",
    "Sample",
    "Step",
    "Value",
    "accuracy",
    "average_score",
    "deep_network",
    "descend",
    "four_samples",
    "gradient",
    "hinge_network",
    "lol",
    "majority",
    "nearest_neighbour",
    "nudge",
    "segments_for",
    "shallow_network",
    "squared_error",
    "train",
    "train_output_layer",
    "trained_neuron",
    "two_moons",
    "worst_error",
    "write_samples",
]


def __dir__() -> list[str]:
    return sorted(__all__)
