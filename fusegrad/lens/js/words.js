"use strict";

/* The words of rules on elements. Each is one operation of IEEE 754, so that a page computes
   what the kernel did to the last bit; float32 is rounded after every word, as it was there. */

const WORDS = {
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
    multiply: (a, b) => a * b,
    scale: (a, b) => a * b,
    divide: (a, b) => a / b,
    ratio: (a, b) => (b !== 0 ? a / b : a * b),
    negative: (a) => -a,
    absolute: Math.abs,
    sign: (a) => (a > 0 ? 1 : a < 0 ? -1 : a),
    sqrt: Math.sqrt,
    maximum: (a, b) => (a > b || a !== a ? a : b),
    minimum: (a, b) => (a < b || a !== a ? a : b),
    greater: (a, b) => a > b,
    greater_equal: (a, b) => a >= b,
    less: (a, b) => a < b,
    less_equal: (a, b) => a <= b,
    equal: (a, b) => a === b,
    not_equal: (a, b) => a !== b,
    logical_and: (a, b) => Boolean(a) && Boolean(b),
    logical_or: (a, b) => Boolean(a) || Boolean(b),
    logical_not: (a) => !a,
    where: (truth, a, b) => (truth ? a : b),
};

const TINY = { float32: 2 ** -126, float64: 2 ** -1022 };

/* What a kernel leaves of a value: rounded to its precision, and 0 for what is too small where
   it takes denormals for 0. */
const settling = (dtype, flushes) => {
    const round = dtype === "float32" ? Math.fround : (x) => x;
    if (!flushes) return round;
    const tiny = TINY[dtype];
    return (x) => {
        const y = round(x);
        return Math.abs(y) < tiny ? (y < 0 || Object.is(y, -0) ? -0 : 0) : y;
    };
};
