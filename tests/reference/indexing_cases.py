"""Programs that PyTorch and Gradatim run alike: indexing, views, in-place writes, reductions.

A program is one line, `expression` or `statements => expression`. `make_indexing.py` stores what
PyTorch makes of it: values, dtype, shape, and the gradients of its inputs, or the kind of error
it raises. The tests run the same lines here. Names a program may use:

    g                     the library: `torch` there, `gradatim` here
    x (2, 3, 4)           leaves: float64 numbers that require a gradient,
    m (3, 4)  v (5,)      no two equal, of both signs
    w (4,)    s ()
    p (3, 4)              the same, all positive
    k (4,)    n (3, 4)    int64, of both signs
    i (3,)    j (2, 1)    int64 indices in [0, 3)
    b (3, 4)  c (3,)      masks
    u (4,)    f (2, 3)    uint8; float32, no gradient
"""

from __future__ import annotations

from typing import Any

LEAVES = {"x": (2, 3, 4), "m": (3, 4), "v": (5,), "w": (4,), "s": ()}

READING = """
x[1]
x[-1]
x[1, 2]
x[1, -1, 0]
x[:]
x[...]
x[:, 1]
x[..., 1]
x[1, ...]
x[1, ..., 2]
x[..., 0, :]
x[None]
x[:, None]
x[..., None]
x[None, 1, None, :, None]
x[1:]
x[:, 1:3]
x[:, :-1, 1:]
x[::2]
x[:, ::2, 1::2]
x[:, 5:9]
x[0, 2:1]
x[-5:5]
x[()]
x[0][1][2]
x[0:1][0]
s[...]
s[None]
s[()]
x[g.tensor(1)]
x[g.tensor(1), g.tensor(-1)]
x[:, g.tensor(0)]
x[i % 2]
m[i]
m[j]
m[i, i]
m[i, 1]
m[1, i]
m[:, i]
m[i, :]
m[i, 1:3]
m[1:, i]
m[j, i]
m[i[:2], j]
m[-i - 1]
m[g.tensor([-1, 2]), g.tensor([0, -4])]
m[[0, 2]]
m[[0, 2], [1, 3]]
m[[0, 2], 1:]
m[[[0, 1], [2, 0]],]
m[range(2)]
m[(0, 1), :]
m[i, None]
m[None, i]
x[0, :, i]
x[:, 0, i]
x[0, i, i]
x[0, i]
x[..., i]
x[i % 2, :, i]
x[i % 2, i]
x[i % 2, ..., i]
x[:, i, i]
x[:, i, None, i]
x[i % 2, None, i]
x[j % 2, :, i]
x[i % 2, 1, i]
x[i % 2, 1]
x[i % 2, :, 1]
x[j % 2, i, j]
x[1:, i, 1:]
x[:, None, i]
v[i]
v[j]
v[g.tensor([0, 0, 0, 4])]
v[g.zeros(0, dtype=g.int64)]
v[[]]
m[g.zeros(2, 0, dtype=g.int64)]
m[i.int()]
m[b]
m[c]
m[c, 1]
m[c, :2]
m[:, g.tensor([True, False, True, True])]
m[m > 0]
m[m > 9]
m[c, i[:2]]
m[g.tensor([0, 1]), g.tensor([True, False, True, False])]
x[:, b]
x[:, c]
x[0, b]
x[0, c, 2]
x[g.tensor([True, False])]
x[g.tensor([False, False])]
x[:, c, None]
x[..., g.tensor([True, False, False, True])]
x[x > 0.5]
m[[True, False, True]]
m[True]
m[False]
m[None, True]
m[True, i]
m[:, True]
s[True]
s[False]
s[s > 0]
m[g.tensor(True)]
m[g.tensor(False)]
m.select(1, 2)
m.narrow(1, 1, 2)
x.unbind(1)[2]
m.index_select(0, i)
m.index_select(1, g.tensor(2))
m.gather(1, i[:, None])
m.gather(0, g.stack([i[:1].expand(4), i[1:2].expand(4)]))
m.gather(1, g.tensor([[0, 0], [3, 1]]))
m.gather(0, i[:0, None])
s.gather(0, i[:0])
v.gather(0, i)
m.take(g.tensor([0, 5, 5, -1]))
g.take_along_dim(m, m.argsort(1), 1)
g.take_along_dim(m, g.tensor([[0], [1], [-1]]), dim=1)
g.take_along_dim(m, g.tensor([3, 1]))
m.masked_select(b)
m.masked_select(g.tensor([True, False, False, True]))
g.where(b, m, w)
g.where(b, m, 0)
g.where(m > 0, m, s)
m.where(b, w)
g.where(b)[1]
b.nonzero()
m.nonzero()
g.nonzero(b, as_tuple=True)[0]
g.argwhere(n)
m.tril()
m.tril(-1)
m.triu(1)
x.triu()
g.diag(w)
g.diag(w, -1)
g.diag(m)
g.diag(m, 1)
x.diagonal(dim1=1, dim2=2)
x.diagonal(1, 2, 0)
g.diag_embed(m)
g.diag_embed(m, 1, 0, 2)
m[:, :3].trace()
list(m)[1]
g.stack([row * 2 for row in m])
(m[1:] - m[:-1])[:, ::2]
m[i].view(-1)[1:5]
x[1][i][:, 2]
x[1].T[i]
x.permute(2, 0, 1)[i, 1]
x.transpose(1, 2)[:, i][..., c]
x.flatten(1)[:, [0, 5]]
m[:, None, :].expand(3, 2, 4)[i, 1, i]
m[i][:, i]
g.zeros(0, 3)[:, g.tensor([2, 0])]
g.tril_indices(3, 4)
g.triu_indices(3, 4, 1)
"""

WRITING = """
y = x.clone(); y[1] = 0 => y
y = x.clone(); y[1] = s => y
y = x.clone(); y[:, 1] = w => y
y = x.clone(); y[..., ::2] = m[:, 1:3] => y
y = x.clone(); y[:] = m => y
y = x.clone(); y[...] = w => y
y = x.clone(); y[0, 1, 2] = s * 3 => y
y = m.clone(); y[0] = y[1] => y
y = m.clone(); y[1:] = y[:-1].clone() => y
y = m.clone(); y[0] = w[None, None] => y
y = m.clone(); y[0, 0] = s[None, None] => y
y = m.clone(); y[i] = 1.5 => y
y = m.clone(); y[i] = w => y
y = m.clone(); y[i] = x[0] => y
y = m.clone(); y[i, i] = v[:3] => y
y = m.clone(); y[i[:2], j] = 7 => y
y = m.clone(); y[:, i] = m[:, 1:] * 2 => y
y = m.clone(); y[1, i] = v[:3] => y
y = m.clone(); y[i, 1:3] = s => y
y = x.clone(); y[:, 0, i] = m[0, :3] => y
y = x.clone(); y[i % 2, :, i] = s => y
y = x.clone(); y[g.tensor([0, 1]), :, g.tensor([3, 0])] = m[:2, :3] => y
y = x.clone(); y[[0, 1], [2, 0]] = w => y
y = m.clone(); y[-1] = 0; y[g.tensor([-1])] = w => y
y = m.clone(); y[g.tensor([[0, 1], [2, 2]])[:, 0]] = w * 2 => y
y = m.clone(); y[b] = 0 => y
y = m.clone(); y[b] = s => y
y = m.clone(); y[b] = m[b] * 2 => y
y = m.clone(); y[y > 0] = -1 => y
y = m.clone(); y[y < 0] *= 3 => y
y = m.clone(); y[c] = w => y
y = m.clone(); y[c] = s => y
y = m.clone(); y[c, 1] = v[:2] => y
y = m.clone(); y[:, g.tensor([True, False, True, False])] = 5 => y
y = x.clone(); y[:, b] = 0 => y
y = x.clone(); y[:, c] = w => y
y = x.clone(); y[1, b] = m[b] => y
y = m.clone(); y[True] = 4 => y
y = m.clone(); y[False] = 4 => y
y = m.clone(); y[i] += 1 => y
y = m.clone(); y[i] += w => y
y = m.clone(); y[1] += w; y[1] *= w => y
y = m.clone(); y[1, 2] += s => y
y = m.clone(); y[:, 1:3] -= s => y
y = m.clone(); y[1][2] = s => y
y = m.clone(); y.T[1] = v[:3] => y
y = m.clone(); y[:, ::2][1] = s => y
y = m.clone(); y.view(2, 6)[1, ::2] = v[:3] => y
y = m.clone(); y.diagonal().mul_(2) => y
y = m.clone(); y[1:, 1:].diagonal(1)[:] = s => y
y = g.zeros(3, 4, dtype=g.float64); y[1] = w => y
y = g.zeros(5, 4, dtype=g.float64); y[g.tensor([0, 2, 4])] = m => y
y = g.zeros(3, 4, dtype=g.float64); y[n > 0] = m[n > 0] => y
y = m.clone(); y.index_put_((i,), w) => y
y = m.clone(); y.index_put_((i, i), v[:3], accumulate=True) => y
y = m.clone(); y.index_put_((g.tensor([0, 0, 1]),), x[0], accumulate=True) => y
y = v.clone(); y.index_put_((g.tensor([1, 1, 1, 3]),), w, accumulate=True) => y
m.index_put((i,), w)
y = m.clone(); y.index_add_(0, g.tensor([0, 0]), x[0, :2]) => y
y = m.clone(); y.index_add_(1, i, x[0, :, :3], alpha=2) => y
m.index_add(0, i, m)
y = m.clone(); y.index_copy_(0, g.tensor([2, 0]), x[0, :2]) => y
y = m.clone(); y.index_fill_(1, g.tensor([0, 2]), 3) => y
m.index_fill(0, g.tensor([1]), s)
g.zeros(3, 4, dtype=g.float64).scatter_(1, i[:, None], 1.0)
m.scatter(1, g.tensor([[0, 2], [1, 3], [3, 0]]), x[0, :, :2])
m.scatter(1, g.tensor([[2]]), s.reshape(1, 1))
m.scatter(0, g.tensor([[2, 1, 0, 0]]), w[None])
m.scatter_add(0, g.tensor([[0, 0, 1, 2], [0, 1, 1, 2]]), x[0, :2])
m.scatter_add(1, g.tensor([[0, 0, 0]]), v[None, :3])
m.scatter(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0], reduce="add").detach()
m.scatter(1, g.tensor([[0, 0], [1, 1], [2, 3]]), 2.0, reduce="multiply").detach()
m.scatter_reduce(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0, :, :2], "sum")
m.scatter_reduce(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0, :, :2], "mean")
m.scatter_reduce(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0, :, :2], "amax")
m.scatter_reduce(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0, :, :2], "amin", include_self=False)
m.scatter_reduce(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0, :, :2], "prod")
m.scatter_reduce(1, g.tensor([[0, 0], [1, 1], [2, 3]]), x[0, :, :2], "mean", include_self=False)
y = m.clone(); y.masked_fill_(b, 2.5) => y
y = m.clone(); y.masked_fill_(c[:, None], s) => y
m.masked_fill(b, float("-inf")).softmax(1)
w.masked_fill(b, 0)
y = m.clone(); y.masked_scatter_(b, x) => y
y = m.clone(); y.put_(g.tensor([0, 5]), v[:2]) => y
y = m.clone(); y.put_(g.tensor([1, 1]), v[:2], accumulate=True) => y
y = m.clone(); y.fill_diagonal_(9) => y
y = x.clone(); y[0] = y[1]; y[1] = 0; y[:, 0] = w => y
y = x.clone(); y[:, 1] = y[:, 0]; y[1] = y[0] => y
y = g.zeros(2, 2, dtype=g.int64); y[0, 1] += 1; y[0, 1] += 1 => y
y = g.zeros(3, dtype=g.int64); y[0] = 2.7; y[1] = -2.7 => y
y = g.zeros(3, dtype=g.int64); y[:2] = f[0, :2] => y
y = g.zeros(3, dtype=g.bool); y[1] = 5 => y
y = u.clone(); y[0] = -1 => y
y = u.clone(); y[n[0] > 0] = 7 => y
y = f.clone(); y[0] = v[:3].detach() => y
y = f.clone(); y[0, 1] = k[0] => y
"""

VIEWS = """
y = s.detach().expand(3); y[0] = 1 => y
y = m * 1; r = y[0]; r *= 2 => y
y = m * 1; r = y[0]; y *= 2 => r
y = m * 1; r = y.view(-1); r[1:5] *= 2 => y
y = m * 1; r = y.view(-1); y[1] = 0 => r
y = m * 1; r = y[1:][0]; r.mul_(w) => y
y = m * 1; r = y[1:]; q = r[:, 1:]; q.mul_(s) => y * r.sum()
y = m * 1; r = y.T; r[0] = v[:3] => y
y = m * 1; r = y.T; y[0] = w => r
y = m * 1; r = y.t(); q = r[1]; y.mul_(2); q.add_(s) => r
y = m * 1; y[0] *= 2; y.view(-1)[1:].add_(x[0].flatten()[1:]) => y
y = m * 1; y += 1; r = y[0]; r *= w => y.sin()
y = m * 1; r = y[0]; z = r * 1; r.add_(w) => z * r
y = m * 1; r = y[0]; y[1] = r; r.mul_(2) => y
y = m * 1; a = y[0]; a2 = y[:, 1]; a.mul_(2); a2.mul_(3) => a + a2[0]
y = m * 1; r = y.detach(); r[0] = 0 => y
y = m * 1; r = y[0].detach(); r.fill_(3) => y.sum(0)
y = m.detach(); y[0] = 1 => m * 1
y = m * 1; y.data[0] = 5 => y * 2
y = g.zeros(3, 4, dtype=g.float64); r = y[1]; r.copy_(w) => y
y = g.zeros(3, 4, dtype=g.float64); r = y[1]; y[1] = w => r * 2
y = g.zeros(4, dtype=g.float64); r = y[1:]; r[0] = s; q = y[:2]; q[0] = s * 2 => y
y = m * 1; y.unsqueeze_(0); y[0, 1] = w => y
y = m * 1; r = y[1]; y.t_(); y[0] = v[:3] => r
y = m * 1; r = y[1]; y.t_(); r.mul_(w) => y
y = m * 1; y.transpose_(0, 1); y.mul_(2) => y
y = (m * 1)[None]; y.squeeze_(); y[0] = s => y
y = x * 1; r = y.permute(2, 0, 1); r[1] = m[:2, :3] => y
y = x * 1; r = y.reshape(6, 4); r[::2] = w => y
y = x * 1; r = y.flatten(); r[5:9] = w => y
y = x * 1; r = y.transpose(0, 1).reshape(3, 8); r[0] = 0 => y
y = x * 1; r = y.unflatten(2, (2, 2)); r[..., 0].mul_(3) => y
y = x * 1; a = y.select(1, 0); a.neg_() => y
y = x * 1; a = y.narrow(2, 1, 2); a.exp_() => y
y = x * 1; a = y[:, None]; a[0, 0, 1] = w => y
y = x * 1; a = y[..., None].squeeze(-1); a[1] = m => y
y = x * 1; a = y.swapaxes(0, 2); a[0] = 1 => y
y = x * 1; a = y.movedim(0, -1); a[..., 0] = s => y
y = x * 1; a = y.diagonal(dim1=1, dim2=2); a.mul_(s) => y
y = m * 1; a = y[:1].expand(3, 4); y[0] = w => a
y = m * 1; a = y.view_as(y); a[2] = w => y
y = w * 1; a = y.view(2, 2).T.reshape(4); a[0] = s => y
y = w * 1; a = y[1:3]; q = a[1:]; q.add_(s); a.mul_(2) => y
y = w * 1; z = y * y; y = y.clone(); y[0] = s => z + y
y = w * 1; z = y.sin(); z.mul_(2) => y.sum() + z.sum()
y = w * 1; z = y + 1; y.mul_(2) => z * y
y = w.clone(); y2 = y[:2]; y2 += y[2:] => y
y = w.clone(); y[1:] += y[:-1].clone() => y
y = w.clone(); y[:2] = y[2:]; y[2:] = y[:2] => y
"""

INPLACE = """
y = m.clone(); y.add_(1) => y
y = m.clone(); y.add_(w, alpha=2) => y
y = m.clone(); y.sub_(w) => y
y = m.clone(); y.mul_(w) => y
y = m.clone(); y.div_(p) => y
y = m.clone(); y.div_(s) => y
y = p.clone(); y.pow_(2) => y * w
y = p * s; y.pow_(2) => y
y = (m * m + 1).clone(); y.pow_(w) => y
y = (m * m + 1).clone(); y.pow_(0.5) => y
y = m.clone(); y.remainder_(1.5) => y
y = m.clone(); y.clamp_(-0.5, 0.5) => y
y = m.clone(); y.clamp_(min=0) => y
y = m.clone(); y.clamp_(max=w) => y
y = m.clone(); y.exp_() => y
(m * m + 1).log_()
(m * m + 1).sqrt_()
(m * m + 1).rsqrt_()
(m * m + 1).reciprocal_()
(m * m + 1).log2_()
m.clone().tanh_()
m.clone().sigmoid_()
m.clone().relu_()
m.clone().neg_()
m.clone().abs_()
m.clone().sin_()
m.clone().cos_()
m.clone().square_()
m.clone().expm1_()
m.clone().floor_()
m.clone().ceil_()
m.clone().round_()
m.clone().trunc_()
m.clone().zero_()
m.clone().fill_(2)
m.clone().fill_(s)
m.clone().copy_(w)
m.clone().copy_(k)
m.clone().lerp_(x[0], 0.25)
m.clone().lerp_(x[0], w)
y = m.clone(); y += w; y -= s; y *= 2; y /= s => y
y = m.clone(); y **= 2 => y
y = p.clone(); y %= 0.7 => y
y = k.clone(); y += 1; y -= 2; y *= 3; y //= 2 => y
y = k.clone(); y %= 3; y **= 2 => y
y = k.clone(); y &= 3; y |= 8; y ^= 1 => y
y = b.clone(); y &= c[:, None]; y |= g.tensor(False); y ^= True => y
y = b.clone(); y += True => y
y = u.clone(); y += k => y
y = u.clone(); y += 300 => y
y = f.clone(); y += g.ones(3, dtype=g.float64) => y
y = f.clone(); y += k[0] => y
y = k.clone(); y.add_(True) => y
y = k.clone(); y.clamp_(max=2) => y
y = k.clone(); y.relu_() => y
y = k.clone(); y.copy_(f.flatten()[:4]) => y
y = k.clone(); y.fill_(2.7) => y
y = k.clone(); y.masked_fill_(k > 0, 2.7) => y
y = k.clone(); y.eq_(2) => y
y = m.clone(); y.gt_(0) => y
y = m.clone(); z = y.add_(1); z is y and z.mul_(w) is y => y
y = m.clone(); z = y.exp(); q = z * 1; z.detach(); y.mul_(2) => q + y
with g.no_grad(): m.mul_(2); m.add_(1) => (m * w).sum()
with g.no_grad(): m[0] = 0 => (m * m).sum()
m.data.mul_(2) => m * m
m.data = m.data[:2] => m * 2
"""

REDUCING = """
m.sum()
m.sum(0)
m.sum(-1, keepdim=True)
m.sum((0, 1))
m.sum(axis=1)
m.sum(1, keepdims=True)
x.sum((0, 2))
x.sum(dim=[0, 2], keepdim=True)
n.sum()
b.sum(0)
u.sum()
f.sum(dtype=g.float64)
k.sum(dtype=g.float32)
g.zeros(0).sum()
g.zeros(2, 0).sum(1)
m.mean()
m.mean(1)
x.mean((0, 1))
x.mean(axis=(1, 2), keepdims=True)
g.zeros(0).mean()
m.prod()
m.prod(1)
m.prod(0, keepdim=True)
(m * c[:, None]).prod(0)
(m * b).prod(1)
(m * b).prod()
k.prod()
b.prod()
g.zeros(0).prod()
m.max()
m.min()
m.max(1).values
m.max(1).indices
m.max(0, keepdim=True)[0]
m.min(dim=0)[0]
m.min(1, True)[1]
g.max(m, 1)[0]
g.max(m, w)
g.min(m, other=w)
m.max(s)
n.max()
n.max(1).values
b.max(1).values
(m * 0).max()
(m * 0).max(1).values
g.tensor([1.0, float("nan"), 3.0]).max()
g.tensor([1.0, float("nan"), 3.0]).max(0)
g.tensor([1.0, float("nan"), 3.0]).min(0)
m.amax()
m.amax(1)
x.amin((0, 2))
(m * 0).amax(1)
(m * b).amin(0, keepdim=True)
m.aminmax(dim=1).max
m.argmax()
m.argmax(1)
m.argmin(0, keepdim=True)
m.argmin(keepdim=True)
(n * 0).argmax(1)
g.maximum(m, w)
g.minimum(m, m)
b.any()
b.all(1)
m.any(0)
b.any(1, keepdim=True)
x.all(dim=(0, 1))
u.any()
u.all(0)
g.zeros(0).any()
g.zeros(0).all()
m.count_nonzero()
n.count_nonzero(1)
m.var()
m.var(1)
m.var(0, unbiased=False)
m.var(1, False, True)
m.var(False)
x.var((0, 2), correction=2, keepdim=True)
g.var(m, 1, True)
m.std()
m.std(1, True)
m.std(0, keepdim=True)
m.std(unbiased=False)
(m * 0).std(1)
g.std_mean(m, 1)[0]
g.var_mean(m)[1]
m.norm()
m.norm(1)
m.norm(float("inf"))
m.norm(2, 1)
m.norm(p=3, dim=0, keepdim=True)
m.norm(dim=1)
m.norm("fro", (0, 1))
m.norm(0)
(m * 0).norm(dim=1)
m.norm(float("-inf"), dim=1)
m.logsumexp(1)
m.logsumexp((0, 1), keepdim=True)
(m * 1000).logsumexp(1)
g.tensor([float("-inf"), float("-inf")]).logsumexp(0)
m.cumsum(0)
m.cumsum(axis=1)
k.cumsum(0)
b.cumsum(1)
f.cumsum(1, dtype=g.float64)
m.cumprod(1)
(m * b).cumprod(0)
m.cummax(1).values
m.cummin(0)[1]
g.tensor([1.0, 3.0, 3.0, float("nan"), 2.0]).cummax(0)
s.sum(0)
s.max(0)[1]
s.cumsum(0)
s.mean(-1)
m.nansum(1)
b.sign()
b.square()
g.bitwise_xor(3, n)
g.bitwise_and(True, b)
g.sub(2.5, k, alpha=2)
g.div(7, k, rounding_mode="trunc")
m.nanmean()
"""

SORTING = """
g.tensor([3.0, float("nan"), 1.0]).median(0)
k.median()
v.median()
m.median(0)
m.median(1).values
m.sort(1).values
m.sort(0, descending=True)[0]
m.sort(descending=True).indices
n.sort(dim=1, stable=True)
(n % 2).sort(dim=1, descending=True, stable=True)
g.tensor([2.0, float("nan"), 1.0]).sort()
b.sort(dim=1, stable=True)
m.argsort(1)
n.argsort(dim=0, descending=True, stable=True)
m.topk(2).values
m.topk(2, 0, largest=False)[0]
m.topk(3, dim=1)[1]
v.topk(1).indices
m.kthvalue(2, 1).values
m.kthvalue(1, 0, True)[1]
n.unique()
n.unique(return_inverse=True, return_counts=True)
(n % 3).unique(dim=0)
g.unique_consecutive(g.tensor([3, 3, 1, 3]), return_counts=True)
(n[:, 1:3] // 3).unique_consecutive(dim=1, return_inverse=True, return_counts=True)
(n[:, :1] > 0).unique_consecutive(True, True, 0)
g.tensor([1.0, float("nan"), float("nan")]).unique_consecutive()
g.zeros(0, 2).unique_consecutive(True, dim=0)
x.median(-1)[0]
m[:, :0].median(0)
s.median(0)
m.repeat_interleave(g.tensor([2, 0, 1]), 0)
m.repeat_interleave(g.tensor([3]), dim=1)
m.repeat_interleave(g.tensor(2))
v.repeat_interleave(g.arange(5), output_size=10)
g.repeat_interleave(g.tensor([2, 0, 1], dtype=g.int32))
s.repeat_interleave(2)
(k + 9).bincount()
g.bincount(u, minlength=9)
g.bincount(i, weights=f[0])
m.detach().histc(4)
f.histc(bins=3, min=-1, max=1)
g.histc(g.arange(-20, 21) / 10, 10, -2, 2)
g.histc(g.tensor([0.3, float("nan"), float("inf"), 0.7, 0.5]), 7, 0, 0.7)
g.histogram(g.arange(-20, 21) / 10, 10, range=(-2.0, 2.0)).hist
g.searchsorted(v.detach().sort()[0], m.detach())
g.searchsorted(g.tensor([1, 2, 2, 3]), g.tensor([2, 5]), right=True)
g.bucketize(m.detach(), g.tensor([-1.0, 0.0, 1.0], dtype=g.float64))
b.isclose(b[:, :1])
b.isclose(~b, atol=1)
u.isclose(u.flip(0), atol=2)
u.isclose(u.flip(0), rtol=1.0)
k.isclose(k.flip(0), atol=3)
(k + 2**62).isclose(k - 2**62)
(n + 2**24).isclose(n + 2**24 + 1, rtol=0, atol=0)
(f / 0).isclose(-f / 0, rtol=1)
(f / 0).isclose(f / 0, rtol=0, atol=0)
(f * g.nan).isclose(f * g.nan, rtol=0, atol=0, equal_nan=True)
"""

ERRORS = """
y = m.clone(); z = y * w; y.add_(1) => z + y
y = g.zeros(3, dtype=g.float64); y[0] = s; y[1] = y[0] * s; y[2] = y[1] * y[0] => y
y = m.clone(); y[:, 0] = y[:, 1] * y[:, 2]; y[1] = y[0] => y
y = m.clone(); y[0] = m[1] * y[2] => y
x[2]
x[0, 3]
x[0, 0, -5]
x[0, 0, 0, 0]
x[:, :, :, None, 0]
s[0]
v[1.0]
v[::-1]
v[::0]
v[g.tensor(1.0)]
m[g.tensor([0, 3])]
m[:, g.tensor([-5])]
m[i, g.tensor([0, 1])]
m[g.tensor([True, False])]
x[b]
m[c, c]
m[0] = w[:3] => m
y = m.clone(); y[0] = m => y
y = m.clone(); y[i] = w[:2] => y
y = m.clone(); y[b] = w => y
y = m.clone(); y[i] = f[0, 0].expand(3, 4) => y
y = m.clone(); y[0] = [1.0, 2.0, 3.0, 4.0] => y
y = m.clone(); y[3] = 0 => y
y = u.clone(); y[0] = 300 => y
y = k.clone(); y[0] = float("nan") => y
m.add_(1)
m[0] = 1 => m
m[0].mul_(2)
m.unsqueeze_(0)
y = m.detach().requires_grad_() => y.zero_()
y = k.clone(); y.add_(1.5) => y
y = k.clone(); y /= 2 => y
y = k.clone(); y.exp_() => y
y = b.clone(); y += 1 => y
y = b.clone(); y -= True => y
y = w.clone(); y += m => y
y = w.clone(); y += v => y
y = w.clone(); y.add_(w[None]) => y
y = s.detach().expand(3) => y.add_(1)
y = w.clone(); y.masked_fill_(w > 0, w) => y
y = w.clone(); y.masked_fill_(k, 0) => y
y = w.clone(); y.fill_(w) => y
y = w.exp(); y.mul_(2) => y
y = w * 1; z = y * y; y.add_(1) => z
y = w * 1; z = y * w; y[0] = 0 => z
y = w * 1; z = y.sin(); y.detach().zero_() => z
y = w * 1; r = y[:2]; z = y.pow(3); r.zero_() => z
y = w * 1; q = k[:2].clone() % 4; z = y[q]; q.add_(1) => z
m.gather(1, i)
m.gather(1, g.tensor([[4]]))
m.gather(1, g.tensor([[-1]]))
m.gather(0, g.zeros(1, 5, dtype=g.int64))
m.gather(1, m)
m.scatter(1, g.tensor([[0]]), f[:1, :1])
m.scatter(1, g.tensor([[4]]), 1.0)
m.scatter(1, g.tensor([[0, 1]]), s.reshape(1, 1))
m.index_select(0, g.tensor([3]))
m.index_add(0, i, w)
m.take(g.tensor([12]))
m.masked_select(m)
m.tril()[0].tril()
g.diag(x)
m.diagonal(0, 1, 1)
g.where(k, m[0], 0)
m.sum(2)
m.sum((0, 0))
m.flip(0, -2)
m.movedim((0, 0), (0, 1))
m.movedim((0, 1), (1, -1))
m.squeeze((0, 0))
m.permute(0, 0)
m.split([-1, 4])
m.split([1, 1])
s.split(1)
s.chunk(1)
s.unbind()
s.select(0, 0)
s.narrow(0, 0, 1)
s.roll(1, 0)
s.unflatten(0, (1, 1))
s.repeat_interleave(2, 0)
s.unique_consecutive(dim=0)
m[:, :0].median(1)
f.histc(0)
s.flatten(3, -1)
s[None].unflatten(0, ())
m.narrow(1, 3, 2)
m.narrow(1, -5, 1)
m.narrow(1, 5, 0)
s.index_select(0, g.tensor([0, 0]))
g.take_along_dim(s, g.tensor(0), 0)
m.gather(3, i[:0])
m.scatter_add(-3, i[None, :0], f[:1, :0])
b ** -1
m.repeat_interleave(-1, 0)
m.repeat_interleave(g.tensor([1, -1, 1]), 0)
m.repeat_interleave(g.tensor([1, 1]), 0)
m.repeat_interleave(g.tensor([[1, 1, 1]]), 0)
m.repeat_interleave(2, 0, output_size=5)
m.isclose(f)
m.isclose(m, rtol=-1.0)
m.isclose(m, atol=g.nan)
n.mean()
n.var()
n.norm()
m.max(2)
g.zeros(0).max()
g.zeros(0, 3).max(0)
g.zeros(0, 3).amax(0)
g.zeros(0).argmax()
b.argmax()
m.topk(5)
m.kthvalue(0)
m.logsumexp()
m.sort(3)
(k - 9).bincount()
v.histc(4, 3, 1)
m.scatter_reduce(1, g.tensor([[0]]), x[0], "middle")
list(s)
"""

SECTIONS = {
    "reading": READING,
    "writing": WRITING,
    "views": VIEWS,
    "inplace": INPLACE,
    "reducing": REDUCING,
    "sorting": SORTING,
    "errors": ERRORS,
}


def programs(*sections: str) -> list[str]:
    """The lines of some sections, or of all."""
    chosen = sections or tuple(SECTIONS)
    return [line for name in chosen for line in SECTIONS[name].strip().splitlines()]


def numbers(count: int, offset: int) -> list[float]:
    """Numbers of both signs, no two equal, exact in float32."""
    return [((n * 37 + offset) % 97 - 48) / 32 for n in range(count)]


def inputs(g: Any) -> dict[str, Any]:
    """The names programs use, made by `g`."""
    made: dict[str, Any] = {"g": g}
    for offset, (name, shape) in enumerate(LEAVES.items()):
        count = 1
        for size in shape:
            count *= size
        data = g.tensor(numbers(count, 11 * offset + 5), dtype=g.float64)
        made[name] = data.reshape(shape).requires_grad_()
    made["p"] = (g.tensor(numbers(12, 7), dtype=g.float64).reshape(3, 4) + 2).requires_grad_()
    made["k"] = g.tensor([3, -2, 5, -7])
    made["n"] = g.tensor([[2, -1, 0, 7], [-3, 2, 2, 1], [0, 0, -5, 4]])
    made["i"], made["j"] = g.tensor([2, 0, 1]), g.tensor([[1], [2]])
    made["b"] = made["n"] > 0
    made["c"] = g.tensor([True, False, True])
    made["u"] = g.tensor([1, 0, 3, 3], dtype=g.uint8)
    made["f"] = g.tensor(numbers(6, 3)).reshape(2, 3)
    return made


def run(program: str, g: Any) -> dict[str, Any]:
    """Run a program; what came out and the gradients of what went in, as plain numbers."""
    names = inputs(g)
    *body, result = program.split(" => ")
    exec("\n".join([*body, f"out = {result}"]), names)  # noqa: S102 (the programs are those above)
    outs = names["out"]
    outs = list(outs) if isinstance(outs, tuple) else [outs]
    total = None
    for out in outs:
        if out.requires_grad:
            weights = g.tensor(numbers(out.numel(), 1), dtype=out.dtype).reshape(out.shape)
            term = (out * weights).sum()
            total = term if total is None else total + term
    if total is not None:
        total.backward()
    leaves = (*LEAVES, "p")
    return {
        "out": [plain(out) for out in outs],
        "requires_grad": [out.requires_grad for out in outs],
        "grads": {name: plain(names[name].grad) for name in leaves if names[name].grad is not None},
    }


def plain(x: Any) -> dict[str, Any]:
    """A tensor as its dtype, shape and numbers."""
    dtype = str(x.dtype).split(".")[-1]
    return {"dtype": dtype, "shape": list(x.shape), "values": x.detach().flatten().tolist()}
