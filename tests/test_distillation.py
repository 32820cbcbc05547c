"""Distillation against torch and closed forms; teachers that nothing teaches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.multimodal import objective

EXACT = 1e-12
T, ALPHA = 4.0, 0.5
LABELS = np.array([0, 2, 1, 2])


def logits(seed: int, rows: int = 4) -> np.ndarray:
    return 2 * np.random.default_rng(seed).standard_normal((rows, 3))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_the_gradient_of_soft_labels_in_closed_form() -> None:
    student, teacher = fg.Tensor(logits(0), requires_grad=True), logits(1)
    objective.SoftLabels(T, alpha=0.0)(student, teacher).backward()
    want = T * (softmax(logits(0) / T) - softmax(teacher / T)) / 4
    assert np.abs(student.grad.numpy() - want).max() <= EXACT


@pytest.mark.parametrize("temperature, alpha", [(4.0, 0.5), (1.0, 0.9), (2.0, 0.0), (3.0, 1.0)])
def test_soft_labels_are_torchs(temperature: float, alpha: float) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    z = torch.tensor(logits(0), requires_grad=True)
    t = torch.tensor(logits(1))
    soft = functional.kl_div(
        functional.log_softmax(z / temperature, 1),
        functional.softmax(t / temperature, 1),
        reduction="batchmean",
    )
    hard = functional.cross_entropy(z, torch.tensor(LABELS))
    want = alpha * hard + (1 - alpha) * temperature**2 * soft
    want.backward()
    mine = fg.Tensor(logits(0), requires_grad=True)
    teacher = fg.Tensor(logits(1), requires_grad=True)
    got = objective.SoftLabels(temperature, alpha)(mine, teacher, LABELS)
    got.backward()
    assert abs(float(got) - float(want.detach())) <= EXACT
    assert np.abs(mine.grad.numpy() - z.grad.numpy()).max() <= EXACT
    assert teacher.grad is None


def test_a_student_who_knows_it_all_learns_nothing() -> None:
    z = fg.Tensor(logits(0), requires_grad=True)
    loss = objective.SoftLabels(alpha=0.0)(z, logits(0))
    loss.backward()
    assert abs(float(loss)) <= EXACT and np.abs(z.grad.numpy()).max() <= EXACT


def test_students_by_modality_learn_from_the_rows_they_have() -> None:
    kd = objective.SoftLabels(T, ALPHA)
    students, teacher = {"a": logits(0), "b": logits(2)}, logits(1)
    here = {"b": np.array([True, False, True, False])}
    at = here["b"]
    want = float(kd(students["a"], teacher, LABELS))
    want += float(kd(students["b"][at], teacher[at], LABELS[at]))
    assert abs(float(kd(students, teacher, LABELS, here)) - want / 2) <= EXACT
    own = {"a": logits(3), "b": logits(4)}
    want = sum(float(kd(students[n], own[n], LABELS)) for n in own)
    assert abs(float(kd(students, own, LABELS)) - want / 2) <= EXACT
    nobody = {n: np.zeros(4, bool) for n in students}
    assert float(kd(students, teacher, LABELS, nobody)) == 0


def test_feature_matching_is_the_mean_square_and_its_gradient() -> None:
    rng = np.random.default_rng(5)
    f, t = ({"a": rng.standard_normal((4, 3)), "b": rng.standard_normal((4, 2))} for _ in "ft")
    here = {"b": np.array([True, False, True, True])}
    leaves = {n: fg.Tensor(x, requires_grad=True) for n, x in f.items()}
    told = {n: fg.Tensor(x, requires_grad=True) for n, x in t.items()}
    loss = objective.FeatureMatching()(leaves, told, here)
    at = here["b"]
    want = ((f["a"] - t["a"]) ** 2).mean() + ((f["b"][at] - t["b"][at]) ** 2).mean()
    assert abs(float(loss) - want / 2) <= EXACT
    loss.backward()
    assert np.abs(leaves["a"].grad.numpy() - (f["a"] - t["a"]) / 12).max() <= EXACT
    df = (f["b"] - t["b"]) / 6 * at[:, None]
    assert np.abs(leaves["b"].grad.numpy() - df).max() <= EXACT
    assert all(x.grad is None for x in told.values())


def test_a_projection_goes_to_the_teachers_width() -> None:
    rng = np.random.default_rng(6)
    project = nn.Linear(3, 5, rng=rng).to(np.float64)
    f, t = rng.standard_normal((4, 3)), rng.standard_normal((4, 5))
    match = objective.FeatureMatching({"a": project})
    loss = match({"a": f}, {"a": t})
    want = ((f @ project.weight.numpy().T + project.bias.numpy() - t) ** 2).mean()
    assert abs(float(loss) - want) <= EXACT
    loss.backward()
    assert [n for n, _ in match.named_parameters()] == [
        "projections.a.weight",
        "projections.a.bias",
    ]
    assert project.weight.grad is not None
    nobody = match({"a": f}, {"a": t}, {"a": np.zeros(4, bool)})
    assert float(nobody) == 0 and not nobody.requires_grad


def test_unimodal_teachers_teach_and_stay_as_they_are() -> None:
    rng = np.random.default_rng(7)
    teachers = {
        n: nn.Sequential(nn.Linear(d, 2, rng=rng), nn.Dropout(0.5, rng=rng)).to(np.float64)
        for n, d in (("a", 3), ("b", 4))
    }
    x = {"a": rng.standard_normal((5, 3)), "b": rng.standard_normal((5, 4))}
    f = {n: fg.Tensor(rng.standard_normal((5, 2)), requires_grad=True) for n in x}
    umt = objective.UnimodalTeachers(teachers).train()
    loss = umt(f, x)
    told = {n: (x[n] @ t[0].weight.numpy().T + t[0].bias.numpy()) for n, t in teachers.items()}
    want = np.mean([((f[n].numpy() - told[n]) ** 2).mean() for n in x])
    assert abs(float(loss) - 10 * want) <= 10 * EXACT  # no dropout, though it is training
    loss.backward()
    assert all(v.grad is not None for v in f.values())
    assert all(p.grad is None and not p.requires_grad for p in umt.parameters())
    one = umt({"a": f["a"]}, x, {"b": np.zeros(5, bool)})
    assert abs(float(one) - 10 * ((f["a"].numpy() - told["a"]) ** 2).mean()) <= 10 * EXACT
    assert "weight=10" in umt.extra_repr()


def kd(**settings: Any) -> objective.SoftLabels:
    return objective.SoftLabels(**settings)


MATCH = objective.FeatureMatching()
WIDE = {"a": np.ones((2, 3))}


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: kd(temperature=0.0), fg.OptionError, "temperature > 0"),
        (lambda: kd(alpha=1.5), fg.OptionError, r"alpha in \[0, 1\]"),
        (lambda: kd()(logits(0), logits(1)), fg.OptionError, "labels where alpha > 0"),
        (lambda: kd()(logits(0), logits(1, 3)), fg.ShapeError, r"teacher's logits \(4, 3\)"),
        (lambda: MATCH(WIDE, {"b": np.ones((2, 3))}), fg.OptionError, "targets for"),
        (lambda: MATCH(WIDE, {"a": np.ones((2, 4))}), fg.ShapeError, r"a feature \(2, 4\)"),
        (lambda: objective.UnimodalTeachers({}), fg.OptionError, "a dict of teachers"),
        (
            lambda: objective.UnimodalTeachers({"a": nn.Identity()}, weight=-1.0),
            fg.OptionError,
            "weight >= 0",
        ),
        (
            lambda: objective.UnimodalTeachers({"a": nn.Identity()})(WIDE, {}),
            fg.OptionError,
            "features and inputs of",
        ),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()
