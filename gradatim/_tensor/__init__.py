"""`Tensor` and functions on tensors, with PyTorch's interface."""
