"""The first step of the network of the paper, as a user of each framework would write it."""

FUSEGRAD = """
import numpy as np
from fusegrad import cross_entropy, nn, optim

rng = np.random.default_rng(0)
x, y = rng.random((128, 784), np.float32), rng.integers(10, size=128)
net = nn.Sequential(
    nn.Linear(784, 1000, rng=rng), nn.ReLU(), nn.Dropout(0.5, rng=rng),
    nn.Linear(1000, 1000, rng=rng), nn.ReLU(), nn.Dropout(0.5, rng=rng),
    nn.Linear(1000, 10, rng=rng),
)
optimizer = optim.Adam(net.parameters())
loss = cross_entropy(net(x), y)
loss.backward()
optimizer.step()
assert 1 < loss.item() < 4
"""

TORCH = """
import torch
from torch import nn

x, y = torch.rand(128, 784), torch.randint(10, (128,))
net = nn.Sequential(
    nn.Linear(784, 1000), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(1000, 1000), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(1000, 10),
)
optimizer = torch.optim.Adam(net.parameters(), fused=True)
loss = nn.functional.cross_entropy(net(x), y)
loss.backward()
optimizer.step()
assert 1 < loss.item() < 4
"""

JAX = """
import jax
import jax.numpy as jnp
import optax

SIZES = (784, 1000, 1000, 10)
keys = jax.random.split(jax.random.key(0), 6)
x, y = jax.random.uniform(keys[0], (128, 784)), jax.random.randint(keys[1], (128,), 0, 10)
weights = [
    (jax.random.uniform(k, (a, b), minval=-1, maxval=1) / a**0.5, jnp.zeros(b))
    for k, a, b in zip(keys[2:], SIZES, SIZES[1:])
]
rule = optax.adam(1e-3)


def loss_of(weights, key):
    h = x
    for k, (w, b) in enumerate(weights[:-1]):
        h = jax.nn.relu(h @ w + b)
        h = jnp.where(jax.random.bernoulli(jax.random.fold_in(key, k), 0.5, h.shape), 2 * h, 0)
    w, b = weights[-1]
    logs = jax.nn.log_softmax(h @ w + b)
    return -jnp.mean(jnp.take_along_axis(logs, y[:, None], 1))


@jax.jit
def step(weights, state, key):
    loss, gradients = jax.value_and_grad(loss_of)(weights, key)
    updates, state = rule.update(gradients, state)
    return optax.apply_updates(weights, updates), state, loss


weights, state, loss = jax.block_until_ready(step(weights, rule.init(weights), keys[5]))
assert 1 < float(loss) < 4
"""

AUTOGRAD = """
import autograd.numpy as np
from autograd import value_and_grad

rng = np.random.default_rng(0)
x, y = rng.random((128, 784), np.float32), rng.integers(10, size=128)
sizes = (784, 1000, 1000, 10)
weights = []
for a, b in zip(sizes, sizes[1:]):
    draw = rng.uniform(-1, 1, (a, b)) / a**0.5
    weights += [draw.astype(np.float32), np.zeros(b, np.float32)]
masks = [2 * (rng.random((128, 1000), np.float32) < 0.5) for _ in range(2)]


def loss_of(weights):
    h = x
    for w, b, mask in zip(weights[:4:2], weights[1:4:2], masks):
        h = np.maximum(h @ w + b, 0) * mask
    z = h @ weights[4] + weights[5]
    z = z - np.max(z, axis=1, keepdims=True)
    logs = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(logs[np.arange(128), y])


loss, gradients = value_and_grad(loss_of)(weights)
m = [0.1 * g for g in gradients]
v = [0.001 * g * g for g in gradients]
weights = [
    w - 1e-3 * (a / 0.1) / (np.sqrt(b / 0.001) + 1e-8) for w, a, b in zip(weights, m, v)
]
assert 1 < loss < 4
"""
