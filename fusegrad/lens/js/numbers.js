"use strict";

/* Numbers as text: the shortest that reads back as the same, and a short one to look at. */

const shortest = (x, dtype = "float64") => {
    if (typeof x === "boolean") return x ? "true" : "false";
    if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
    if (Object.is(x, -0)) return "-0";
    if (dtype !== "float32") return String(x);
    for (let digits = 1; digits < 10; digits++) {
        const text = Number(x.toPrecision(digits));
        if (Math.fround(text) === x) return String(text);
    }
    return String(x);
};

const brief = (x) => {
    if (typeof x === "boolean" || !Number.isFinite(x) || x === 0) return shortest(x);
    const size = Math.abs(x);
    if (size >= 1e-4 && size < 1e6) return String(Number(x.toPrecision(6)));
    return x.toExponential(5).replace("e+", "e");
};

const same = (a, b) => Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b));

const many = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
