"""`Tensor` and the functions on tensors, with PyTorch's interface."""
