"""Updates as differentiable functions: gradcheck of every rule in everything it reads, and
trajectories that are the optimizer's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine import Tensor
from fusegrad.optim.functional import Functional, State
from fusegrad.optim.schedules import Cosine, Geometric
from fusegrad.optim.settings import letters_of
from tests.ops_sample import leaf, refused
from tests.optim_sample import CASES

EPS = float(np.finfo(np.float64).eps)
# A setting that is a Tensor is float64, not the host's longer number, and 1 - beta^t of it is
# computed in words that have slopes: a few roundings at each of ten steps.
PATH_TOLERANCE = 16 * EPS
SIZE = 4


class Point:
    """Where a rule is differentiated: arrays and settings, flat, as gradcheck wants them."""

    def __init__(self, name: str, t: int) -> None:
        self.case, self.t = CASES[name], t
        self.functional = Functional(self.case.make, **self.case.settings)
        program, optimizer = self.functional.program, self.functional.optimizer
        read = [w for w in optimizer.defaults if set(letters_of(w)) & set(program.scalars)]
        self.words = {w: len(letters_of(w)) for w in read}
        self.states, self.hosts = optimizer.state_names, optimizer.host_names
        self.scale = np.geomspace(0.01, 0.1, SIZE) if "bound" in name else np.ones(SIZE)

    def arrays(self) -> list[np.ndarray]:
        """theta, g, states, host states, settings."""
        rng, sign = np.random.default_rng(1), np.array([1.0, -1.0, 1.0, -1.0])
        g = sign * self.scale * rng.uniform(0.5, 0.9, SIZE)
        drawn = [self._state(n, rng) for n in self.states]
        known = {**self.functional.settings, **self.case.settings}
        numbers = [x for w in self.words for x in np.ravel(known[w])]
        return [
            np.array(x, np.float64)
            for x in (rng.standard_normal(SIZE), g, *drawn, *[0.3] * len(self.hosts), *numbers)
        ]

    def _state(self, name: str, rng: np.random.Generator) -> np.ndarray:
        """Squares above the square of any mean; maxima on both sides of what they meet."""
        if name in ("m", "b", "d", "a", "g_bar") and self.functional.program.name != "adadelta":
            return rng.uniform(0.2, 0.4, SIZE) * self.scale * np.array([1, -1, -1, 1])
        far = {"v_max": [0.1, 9.0, 0.1, 9.0], "v_hat": [0.1, 9.0, 0.1, 9.0]}
        far["u"] = [0.1, 3.0, 0.1, 3.0]
        return np.array(far.get(name, rng.uniform(1.0, 1.5, SIZE) * self.scale**2))

    def __call__(self, *flat: Any) -> Any:
        """Everything that one update gives, in one vector."""
        theta, g, *rest = flat
        count = len(self.states)
        arrays = dict(zip(self.states, rest[:count]))
        host = dict(zip(self.hosts, rest[count:]))
        numbers = iter(rest[count + len(host) :])
        settings = {
            w: next(numbers) if n == 1 else tuple(next(numbers) for _ in range(n))
            for w, n in self.words.items()
        }
        state = State(self.t - 1, arrays, host)
        new, state = self.functional.update(theta, g, state, **settings)
        assert state.t == self.t
        return fg.concat([new, *state.arrays.values(), *map(one, state.host.values())])


def one(x: Any) -> Tensor:
    return x.reshape(1)


@pytest.mark.parametrize("t", [1, 7])
@pytest.mark.parametrize("name", CASES)
def test_an_update_is_differentiable_in_everything_it_reads(name: str, t: int) -> None:
    point = Point(name, t)
    arrays = point.arrays()
    given = len(point.functional.program.inputs) + len(point.functional.program.scalars)
    assert len(arrays) == given - ("t" in point.functional.program.scalars)
    fg.gradcheck(point, *arrays)


@pytest.mark.parametrize("name", CASES)
def test_nothing_it_reads_is_cut_off(name: str) -> None:
    """A derivative that is 0 everywhere would pass against differences of a constant."""
    point = Point(name, 7)
    arrays = point.arrays()
    rows = fg.jacobian(point, range(len(arrays)))(*arrays)
    cut = {k for k, row in enumerate(rows) if not row.numpy().any()}
    assert cut == ({4} if name == "lion" else set())  # beta1, which only its sign(c) reads


def test_both_sides_of_every_choice_are_met() -> None:
    """The points above are not all on one side of a maximum, a clip or a wait."""
    for name, word in (("amsgrad", "v_hat"), ("amsgrad_corrected", "v_max"), ("adamax", "u")):
        point = Point(name, 7)
        arrays = point.arrays()
        jacobian = fg.jacobian(point, 2 + point.states.index(word))(*arrays).numpy()
        kept = np.diag(jacobian[(1 + point.states.index(word)) * SIZE :][:SIZE])
        assert (kept != 0).any() and (kept == 0).any(), name
    jacobian = fg.jacobian(Point("adabound", 7), 4)(*Point("adabound", 7).arrays()).numpy()
    assert (jacobian[:SIZE] != 0).any() and (jacobian[:SIZE] == 0).any()


@pytest.mark.parametrize("as_tensors", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_the_path_is_the_optimizers(name: str, as_tensors: bool) -> None:
    """Bit for bit; to a few ulp where settings are Tensors."""
    case, rng = CASES[name], np.random.default_rng(0)
    functional = Functional(case.make, **case.settings)
    given = tensors(functional) if as_tensors else {}
    p = leaf(rng.standard_normal(5))
    optimizer, values = case.make([p], **case.settings), p.detach() * 1.0
    state = functional.init(values)
    for _ in range(10):
        p.grad = Tensor(rng.standard_normal(5))
        optimizer.step()
        values, state = functional.update(values, p.grad, state, **given)
        wanted = {**optimizer.state[p], "theta": p.numpy()}
        assert state.t == wanted.pop("step")
        for word, value in {**state.arrays, **state.host, "theta": values}.items():
            got = np.asarray(getattr(value, "data", value))
            near(got, wanted[word]) if as_tensors else exactly(got, wanted[word])


def tensors(functional: Functional) -> dict[str, Any]:
    """The settings that the rule reads, as Tensors."""
    read = functional.program.scalars
    known = {w: v for w, v in functional.settings.items() if set(letters_of(w)) & set(read)}
    return {w: tuple(map(Tensor, v)) if w == "betas" else Tensor(v) for w, v in known.items()}


def exactly(got: np.ndarray, wanted: Any) -> None:
    assert np.array_equal(got, wanted)


def near(got: np.ndarray, wanted: Any) -> None:
    assert np.max(abs(got - wanted)) <= PATH_TOLERANCE * np.max(abs(wanted))


def test_second_derivatives_of_adam() -> None:
    point = Point("adam", 7)
    fg.gradcheck(point, *point.arrays(), order=2)


# ---- trees, dtypes, settings ----------------------------------------------------------------
TREE = {"w": Tensor([[1.0, 2.0], [3.0, 4.0]]), "rest": (None, [Tensor(5.0), np.ones(2)])}


def test_a_tree_is_each_of_its_leaves() -> None:
    functional = Functional(optim.NAdam, lr=0.1)
    state = functional.init(TREE)
    new, after = functional.update(TREE, TREE, state)
    new, after = functional.update(new, TREE, after)
    assert new.keys() == TREE.keys() and new["rest"][0] is None
    assert state.t == 0 and not state.arrays["m"]["w"].numpy().any()  # the old one stays
    for path in (lambda t: t["w"], lambda t: t["rest"][1][0], lambda t: t["rest"][1][1]):
        x = alone = path(TREE)
        held = functional.init(x)
        for _ in range(2):
            alone, held = functional.update(alone, x, held)
        assert np.array_equal(path(new), alone) and after.host == held.host
        for name in state.arrays:
            assert np.array_equal(path(after.arrays[name]), held.arrays[name])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_the_dtype_of_the_parameters_is_kept(name: str, dtype: Any) -> None:
    case = CASES[name]
    functional = Functional(case.make, **case.settings)
    p = np.ones(2, dtype)
    new, state = functional.update(p, p, functional.init(p))
    assert new.dtype == dtype and all(a.dtype == dtype for a in state.arrays.values())


def test_settings_may_follow_t() -> None:
    settings = {"lr": Cosine(0.5, steps=3), "betas": (Geometric(0.9, 0.9), 0.99)}
    p, x = leaf([1.0, 2.0]), Tensor([1.0, 2.0])
    optimizer, functional = optim.Adam([p], **settings), Functional(optim.Adam, **settings)
    state = functional.init(x)
    for _ in range(5):
        p.grad = Tensor([1.0, -3.0])
        optimizer.step()
        x, state = functional.update(x, p.grad, state)
        near(x.numpy(), p.numpy())


def test_weight_decay_can_be_learnt_from_0() -> None:
    def after(lam: Any) -> Any:
        sgd = Functional(optim.SGD, lr=0.5, weight_decay=lam)
        return sgd.update(Tensor(4.0), Tensor(1.0), sgd.init(Tensor(4.0)))[0]

    assert float(fg.grad(after)(0.0)) == -0.5 * 4.0
    plain = Functional(optim.SGD, weight_decay=0.1)
    x = plain.update(Tensor(4.0), Tensor(1.0), plain.init(Tensor(4.0)), lr=1.0)[0]
    assert float(x) == 4.0 - (1.0 + 0.1 * 4.0)


def test_the_start_of_a_state_is_a_setting() -> None:
    keras = Functional(optim.dialect("adagrad", "keras"), initial_accumulator_value=0.5)
    assert float(keras.init(Tensor(1.0)).arrays["s"]) == 0.5


ONE = Tensor(1.0)
ADAM = Functional(optim.Adam)
READ = "settings among lr, betas, eps"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ADAM.update(ONE, ONE, ADAM.init(ONE), momentum=0.9), fg.OptionError,
     f"update: expected {READ}, got momentum; give the others to Functional"),
    (lambda: ADAM.update(ONE, ONE, ADAM.init(ONE), weight_decay=0.1), fg.OptionError,
     f"update: expected {READ}, got weight_decay; give the others to Functional"),
    (lambda: ADAM.update({"w": ONE}, {"v": ONE}, ADAM.init({"w": ONE})), fg.ShapeError,
     "update: expected a tree like {'w': *}, got {'v': *}; give one value for each leaf"),
    (lambda: ADAM.update([ONE, ONE], [ONE, ONE], ADAM.init([ONE])), fg.ShapeError,
     "update: expected a tree like [*, *], got [*]; give one value for each leaf"),
    (lambda: Functional(optim.Adam, lr=-1.0), fg.OptionError,
     "Adam: expected 0 <= lr < inf, got lr=-1.0; give a value in the range"),
    (lambda: Functional(optim.Adam, lr=Tensor(-1.0)), fg.OptionError,
     "Adam: expected 0 <= lr < inf, got lr=-1.0; give a value in the range"),
    (lambda: Functional(optim.Adam, state_dtype="float64"), fg.OptionError,
     "Functional: expected settings of the rule, got state_dtype; leave out what guards its "
     "memory"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        wrong()
