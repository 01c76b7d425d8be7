"""The workloads by name, and groups of them."""

from ..workload import Workload
from . import bigram, bigram_commuted, chains, gpt, mlp, products, scalar

GROUPS: dict[str, tuple[Workload, ...]] = {
    "scalar": (scalar.WORKLOAD,),
    "bigram": (bigram.WORKLOAD,),
    "bigram-commuted": (bigram_commuted.WORKLOAD,),
    "mlp": (mlp.WORKLOAD,),
    "gpt-names": gpt.WORKLOADS[:1],
    "gpt-text": gpt.WORKLOADS[1:],
    "products": products.WORKLOADS,
    "chains": chains.WORKLOADS,
}
WORKLOADS = {workload.name: workload for group in GROUPS.values() for workload in group}


def chosen(names: list[str]) -> list[Workload]:
    """The workloads of these names and groups; all if no name is given. Errors: KeyError."""
    by_name: dict[str, Workload] = {}
    for name in names or list(GROUPS):
        members = GROUPS[name] if name in GROUPS else (WORKLOADS[name],)
        by_name.update({member.name: member for member in members})
    return list(by_name.values())
