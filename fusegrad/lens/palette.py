"""One colour per network and branch, the same in every figure."""

from collections.abc import Iterable

# Names of CSS variables; report.css holds an Okabe-Ito value for light and for dark.
ROLES = {"fused": "var(--fused)", "text": "var(--text)", "image": "var(--image)"}
SPARE = tuple(f"var(--spare{i})" for i in range(1, 6))
DASHES = ("", "6 3", "2 3", "8 3 2 3")


def networks(names: Iterable[str]) -> dict[str, str]:
    """A colour per network or branch; image, text and fused always keep theirs."""
    chosen: dict[str, str] = {}
    for name in names:
        role = next((c for part, c in ROLES.items() if part in name.lower()), None)
        free = [c for c in SPARE if c not in chosen.values()] or list(SPARE)
        chosen.setdefault(name, role if role and role not in chosen.values() else free[0])
    return chosen


def optimizers(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a dash per optimizer, none of them a network's colour."""
    size = len(SPARE)
    return {
        name: (SPARE[i % size], DASHES[(i // size) % len(DASHES)])
        for i, name in enumerate(dict.fromkeys(names))
    }
