"""Names that a room does not have say whether they will come, and what is near them."""

import pytest

import gradatim as g

SAYS = {
    "nn.LSTM": "gradatim.nn has no 'LSTM' yet; it is planned",
    "nn.functional.conv2d": "gradatim.nn.functional has no 'conv2d' yet; it is planned",
    "nn.functional.crossentropy": "has no 'crossentropy'; near it: cross_entropy",
    "nn.DataParallel": "it is not planned: there is one processor",
    "distributions.Beta": "gradatim.distributions has no 'Beta'; dir",
    "func.linearize": r"gradatim.func has no 'linearize'; dir\(gradatim.func\)",
    "linalg.eig": "of a symmetric matrix use linalg.eigh",
    "linalg.lu_factor": "gradatim.linalg has no 'lu_factor' yet; it is planned",
    "linalg.slove": "near it: solve",
    "nn.utils.weight_norm": "use nn.utils.parametrizations.weight_norm",
    "optim.Adamw": "gradatim.optim has no 'Adamw'; near it: AdamW, Adam",
    "optim.SparseAdam": "it is not planned: gradients are dense; use Adam",
    "optim.lr_scheduler.CosineAnnealing": "near it: CosineAnnealingLR",
}


@pytest.mark.parametrize("path", SAYS)
def test_a_missing_name_says_so(path):
    room = g
    *rooms, name = path.split(".")
    for part in rooms:
        room = getattr(room, part)
    with pytest.raises(AttributeError, match=SAYS[path]):
        getattr(room, name)
