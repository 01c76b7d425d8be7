"""Functions say by their names which argument is no tensor, all in the same way."""

import inspect

import pytest

import gradatim as g
from gradatim.nn import functional as F

X, LOGITS, P = g.ones(2, 3, 4), g.zeros(2, 3), g.full((2, 3), 0.5)
LABELS, ZEROS, ONES = g.tensor([0, 1]), g.zeros(3), g.ones(3)

# Arguments that each function takes; those not named here take one tensor.
CALLS = {
    "batch_norm": (X, ZEROS, ONES, ONES, ZEROS),
    "binary_cross_entropy": (P, P, P),
    "binary_cross_entropy_with_logits": (LOGITS, P, P),
    "cosine_embedding_loss": (LOGITS, P, LABELS),
    "cosine_similarity": (LOGITS, P),
    "cross_entropy": (LOGITS, LABELS, ONES),
    "dropout2d": (X.unsqueeze(0),),
    "dropout3d": (X.unsqueeze(0),),
    "embedding": (LABELS, LOGITS),
    "gaussian_nll_loss": (LOGITS, LOGITS, P),
    "group_norm": (X, 3, ONES, ZEROS),
    "hinge_embedding_loss": (LOGITS, P),
    "huber_loss": (LOGITS, P),
    "instance_norm": (X, ZEROS, ONES, ONES, ZEROS),
    "kl_div": (LOGITS, P),
    "l1_loss": (LOGITS, P),
    "layer_norm": (LOGITS, (3,), ONES, ZEROS),
    "linear": (LOGITS, g.ones(2, 3), g.ones(2)),
    "log_softmax": (X, 1),
    "margin_ranking_loss": (LOGITS, P, P),
    "mse_loss": (LOGITS, P),
    "multi_margin_loss": (LOGITS, LABELS, 1, 1.0, ONES),
    "multilabel_margin_loss": (LOGITS, LOGITS.long()),
    "multilabel_soft_margin_loss": (LOGITS, P, ONES),
    "nll_loss": (LOGITS, LABELS, ONES),
    "one_hot": (LABELS,),
    "pad": (X, (1, 2)),
    "pairwise_distance": (LOGITS, P),
    "pdist": (LOGITS,),
    "poisson_nll_loss": (LOGITS, P),
    "prelu": (X, g.ones(1)),
    "rms_norm": (LOGITS, (3,), ONES),
    "scaled_dot_product_attention": (X, X, X, g.ones(3, 3).bool()),
    "smooth_l1_loss": (LOGITS, P),
    "soft_margin_loss": (LOGITS, P),
    "softmax": (X, 1),
    "softmin": (X, 1),
    "threshold": (X, 0.5, 0.1),
    "triplet_margin_loss": (LOGITS, P, P),
    "triplet_margin_with_distance_loss": (LOGITS, P, P),
}


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("name", F.__all__)
def test_what_is_no_tensor_is_named(name):
    function, good = getattr(F, name), CALLS.get(name, (X,))
    function(*good)
    names = list(inspect.signature(function).parameters)
    for i, x in enumerate(good):
        if not isinstance(x, g.Tensor):
            continue
        role = "input" if names[i] == "tensor" else names[i]
        for wrong, kind, advice in ((x.tolist(), "list", "tensor"), (x.numpy(), "nd", "from_nump")):
            says = rf"^{name}: expects a tensor as {role}, got {kind}.*gradatim\.{advice}"
            with pytest.raises(TypeError, match=says):
                function(*good[:i], wrong, *good[i + 1 :])
