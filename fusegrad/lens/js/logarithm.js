"use strict";

/* Powers that are not whole: exp(t log b) with a fixed point, in units of 2**-FIXED. */

const FIXED = 256n;
const HALVED = 16n;
const ONE = 1n << FIXED;

/* Down to whole numbers, as the engine's division goes. */
const floored = (a, b) => {
    const q = a / b;
    return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
};

const twiceAtanh = (top, bottom) => {
    const z = floored(top << FIXED, bottom);
    const square = (z * z) >> FIXED;
    let [term, total, k] = [z, 0n, 1n];
    while (term !== 0n && term !== -1n) {
        total += floored(term, k);
        [term, k] = [(term * square) >> FIXED, k + 2n];
    }
    return 2n * total;
};

const LOG_2 = twiceAtanh(1n, 3n);

const logarithm = ([m, e]) => {
    const n = length(m);
    const one = 1n << BigInt(n);
    return BigInt(e + n) * LOG_2 + twiceAtanh(m - one, m + one);
};

const exponential = (x) => {
    const small = x >> HALVED;
    let [term, total, k] = [ONE, 0n, 1n];
    while (term) {
        total += term;
        [term, k] = [floored((term * small) >> FIXED, k), k + 1n];
    }
    for (let i = 0n; i < HALVED; i++) total = (total * total) >> FIXED;
    return total;
};

const byLogarithm = (b, t) => {
    if (b[0] < 0n) return NaN;
    if (b[0] === 0n) return t[0] < 0n ? over([1n, 0], b) : [0n, 0];
    const product = t[0] * logarithm(b);
    const exponent = t[1] >= 0 ? product << BigInt(t[1]) : product >> BigInt(-t[1]);
    const whole = floored(exponent, LOG_2);
    return cut(exponential(exponent - whole * LOG_2), Number(whole - FIXED));
};
