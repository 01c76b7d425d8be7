"""From datasets to batches: `DataLoader` and its parts, as in `torch.utils.data`.

datasets      samples by index, or as a stream
random_split  a dataset split at random
samplers      the order of samples, and their grouping into batches
collate       from a list of samples to a batch
fetch         from indices to batches; whole tensors at once where the result is the same
loader        the loader: its arguments
batches       one pass over it
workers       worker processes, seen from the main process
worker        the code of a worker process
worker_info   what a dataset can ask about its worker
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
