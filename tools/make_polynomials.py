"""Print `kernels/vector/coefficients.py`: polynomials of the functions that LLVM vectorises.

python -m tools.make_polynomials > kernels/vector/coefficients.py

Each is the polynomial of its degree whose largest error is least (Remez' exchange), weighted so
that the error of the function itself counts. Needs mpmath; takes some seconds.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp

from tools.remez import Function, largest, polynomial, quotient, relative_error, weighted_error


@dataclass(frozen=True)
class Fit:
    """What to approximate, where, what an error weighs, and the degree in either dtype."""

    name: str
    says: str
    function: Function
    weight: Function
    low: Any
    high: Any
    degrees: tuple[int, int]


def single(x: Any) -> float:
    """The nearest float32."""
    return float(struct.unpack("f", struct.pack("f", float(x)))[0])


FORMATS: tuple[tuple[int, Callable[[Any], float]], ...] = ((32, single), (64, float))


def over_square(f: Function) -> Function:
    """(f(x) - x) / x**2 less what f has of lower degree, without cancellation at 0."""

    def rest(x: Any) -> Any:
        return mp.taylor(f, 0, 2)[2] if x == 0 else (f(x) - x) / (x * x)

    return rest


def relative(f: Function) -> Function:
    """The weight of an error that is multiplied by x**2 and added to f, which is about x."""
    return lambda x: (
        abs(x * x / f(x)) if abs(x) > mp.mpf(10) ** -20 else abs(x) + mp.mpf(10) ** -25
    )


def short(x: Any) -> tuple[Any, Any]:
    """A number in few bits, so that its products with whole numbers are exact."""
    return mp.floor(x * 2**16) / 2**16, mp.floor(x * 2**41) / 2**41


def erf_over(s: Any) -> Any:
    """erf(x) / x - 1 of s = x**2."""
    x = mp.sqrt(s)
    return (mp.erf(x) / x if s else 2 / mp.sqrt(mp.pi)) - 1


def scaled_erfc(a: Any) -> Any:
    """exp(a**2) erfc(a), which falls slowly."""
    return mp.exp(a * a) * mp.erfc(a)


HALF_OCTAVE = mp.log(2) / 2 * mp.mpf("1.001")
FITS = (
    Fit(
        "EXP", "(exp(r) - 1 - r) / r**2",
        over_square(mp.expm1), relative(mp.expm1), -HALF_OCTAVE, HALF_OCTAVE, (4, 9),
    ),
    Fit(
        "ERF", "erf(x) / x - 1 of x**2",
        erf_over, lambda s: 1 / (1 + erf_over(s)), 0, 1, (6, 12),
    ),
    Fit(
        "SOFT", "(log(1 + e) - e) / e**2 of u = 2 e - 1",
        lambda u: over_square(mp.log1p)((1 + u) / 2), lambda u: relative(mp.log1p)((1 + u) / 2),
        -1, 1, (8, 19),
    ),
    Fit(
        "LOG", "(log(1 + f) - f) / f**2",
        over_square(mp.log1p), relative(mp.log1p), mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, (8, 19),
    ),
)  # fmt: skip
ERFC = (("10.1", 4, 5), ("27.3", 10, 11))  # up to where, and both degrees
SPLIT = {
    "LN2": mp.log(2),
    "LOG2E": 1 / mp.log(2),
    "LOG10E": 1 / mp.log(10),
    "LOG10_2": mp.log10(2),
}


def main() -> None:
    says = "Coefficients of polynomials, lowest first; printed by tools/make_polynomials.py."
    print(f'"""{says}"""')
    show_numbers()
    for fit in FITS:
        for degree, (bits, rounded) in zip(fit.degrees, FORMATS):
            found = polynomial(fit.function, fit.weight, fit.low, fit.high, degree)
            error = largest(weighted_error(fit.function, fit.weight, found), fit.low, fit.high)
            show(f"{fit.name}_{bits}", f"{fit.says}, {power_of_two(error)}", found, rounded)
    for (high, top, bottom), (bits, rounded) in zip(ERFC, FORMATS):
        over, under = quotient(scaled_erfc, high, top, bottom)
        error = largest(relative_error(scaled_erfc, over, under), 0, high)
        says = f"exp(a**2) erfc(a), a quotient, {power_of_two(error)}"
        show(f"ERFC_OVER_{bits}", says, over, rounded)
        show(f"ERFC_UNDER_{bits}", "what it is divided by", under, rounded)


def show_numbers() -> None:
    """Print numbers of more digits than one float holds, each as the sum of two."""
    print("\n# numbers of more digits than one float holds, each as the sum of two")
    for bits, rounded in FORMATS:
        for name, x in SPLIT.items():
            print(f"{name}_{bits} = ({rounded(x)!r}, {rounded(x - rounded(x))!r})")
    print("\n# log(2) of which the first part is short enough for exact products")
    for high, (bits, rounded) in zip(short(mp.log(2)), FORMATS):
        print(f"SHORT_LN2_{bits} = ({rounded(high)!r}, {rounded(mp.log(2) - high)!r})")


def power_of_two(error: Any) -> str:
    return f"to 2**{mp.nstr(mp.log(error, 2), 4)}"


def show(name: str, says: str, coefficients: list[Any], rounded: Any) -> None:
    """Print one tuple."""
    print(f"\n# {says}\n{name} = (")
    print("".join(f"    {rounded(c)!r},\n" for c in coefficients), end=")\n")


if __name__ == "__main__":
    main()
