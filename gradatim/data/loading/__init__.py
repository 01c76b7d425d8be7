"""From datasets to batches: `DataLoader` and what it is made of, as in `torch.utils.data`.

datasets      samples by index, or as a stream
random_split  a dataset cut into parts
samplers      in which order samples are taken, and which make a batch
collate       from a list of samples to a batch
fetch         from indices to batches, whole tensors at once where that is the same
loader        the loader: its arguments
batches       one pass over it
workers       worker processes, seen from the main process
worker        what such a process does
worker_info   what a dataset can ask inside of one
"""

from .collate import default_collate, default_convert
from .datasets import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
)
from .loader import DataLoader
from .random_split import random_split
from .samplers import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from .worker_info import get_worker_info

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]
