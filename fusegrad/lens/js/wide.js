"use strict";

/* What the host computes of a rule's scalars: whole numbers times powers of two, of 192 bits,
   as the engine does (kernels/wide.py), so that every float64 of them is the same bit for bit.
   A pole and a zero with a sign throw, as there: floats have the answer then (replay.js); what
   is computed of no number is none. */

const BITS = 192;
const SIGN = 1n << 63n;
const view = new DataView(new ArrayBuffer(8));

const signed = () => new RangeError("a zero with a sign");

const ofHex = (m) => {
    const hex = (m < 0n ? -m : m).toString(16);
    return m === 0n ? 0 : 4 * hex.length - Math.clz32(parseInt(hex[0], 16)) + 28;
};

/* How many bits a whole number has: its exponent as a float says it, up to a carry. */
const length = (m) => {
    view.setFloat64(0, Number(m));
    const top = view.getUint32(0);
    const power = (top >>> 20) & 2047;
    return power === 2047 || (top & 0xfffff) === 0 ? ofHex(m) : power - 1022;
};

const cut = (m, e) => {
    const extra = length(m) - BITS;
    return extra > 0 ? [m >> BigInt(extra), e + extra] : [m, e];
};

const wide = (x) => {
    if (!Number.isFinite(x)) throw new RangeError(`${x} is no number to compute with`);
    view.setFloat64(0, x);
    const bits = view.getBigUint64(0);
    if (bits === SIGN) throw signed();
    const power = Number((bits >> 52n) & 2047n);
    const rest = bits & ((1n << 52n) - 1n);
    const m = power ? rest | (1n << 52n) : rest;
    return [bits & SIGN ? -m : m, (power || 1) - 1075];
};

/* x * 2**k, in steps that stay inside the range of numbers. */
const scaled = (x, k) => {
    while (k > 1000) [x, k] = [x * 2 ** 1000, k - 1000];
    while (k < -1000 && x) [x, k] = [x * 2 ** -1000, k + 1000];
    return x * 2 ** Math.max(k, -1000);
};

/* The nearest float64, half to even; fewer bits are kept below the smallest normal number. */
const narrow = (value) => {
    if (!Array.isArray(value)) return Number(value);
    const [m, e] = value;
    const n = length(m);
    const kept = Math.min(53, n + e + 1074);
    if (kept < 0 || m === 0n) return 0;
    const drop = BigInt(n - kept);
    const size = m < 0n ? -m : m;
    if (n <= kept) return scaled(Number(m), e);
    let q = size >> drop;
    const rest = size - (q << drop);
    const half = 1n << (drop - 1n);
    if (rest > half || (rest === half && q & 1n)) q += 1n;
    return scaled(Number(m < 0n ? -q : q), e + n - kept);
};

const plus = ([m, e], [n, f]) => {
    if (e < f) return plus([n, f], [m, e]);
    if (e - f > 2 * BITS && m) return [m, e];
    return cut((m << BigInt(e - f)) + n, f);
};
const opposite = ([m, e]) => {
    if (m === 0n) throw signed();
    return [-m, e];
};
const minus = (a, [m, e]) => plus(a, [-m, e]);
const times = (a, b) => {
    const m = a[0] * b[0];
    if (m === 0n && (a[0] < 0n || b[0] < 0n)) throw signed();
    return cut(m, a[1] + b[1]);
};

const over = ([m, e], [n, f]) => {
    if (n === 0n) throw new RangeError("a division by 0");
    if (m === 0n && n < 0n) throw signed();
    const shift = Math.max(0, BITS + length(n) - length(m) + 1);
    const top = m << BigInt(shift);
    let q = top / n;
    let rest = top % n;
    if (rest !== 0n && rest < 0n !== n < 0n) [q, rest] = [q - 1n, 1n];
    return cut(2n * q + (rest ? 1n : 0n), e - f - shift - 1);
};

/* From just above, as a float knows it, downwards. */
const wholeRoot = (m) => {
    const half = BigInt(Math.max(0, length(m) - 96) >> 1);
    let x = (BigInt(Math.ceil(Math.sqrt(Number(m >> (2n * half))))) + 1n) << half;
    for (;;) {
        const next = (x + m / x) >> 1n;
        if (next >= x) return x;
        x = next;
    }
};

const root = ([m, e]) => {
    if (m < 0n) return NaN;
    if (m === 0n) return [0n, 0];
    let shift = Math.max(0, 2 * BITS + 2 - length(m));
    shift += (((e - shift) % 2) + 2) % 2;
    const whole = m << BigInt(shift);
    const r = wholeRoot(whole);
    return cut(2n * r + (r * r === whole ? 0n : 1n), (e - shift) / 2 - 1);
};

const powers = new Map();

const bySquares = (b, n) => {
    let value = [1n, 0];
    for (const bit of n.toString(2)) {
        value = times(value, value);
        if (bit === "1") value = times(value, b);
    }
    return value;
};

/* A power: a whole one by squares, or one product after the last of its base. */
const raised = (b, t) => {
    const n = t[1] >= 0 ? t[0] << BigInt(t[1]) : t[0] >> BigInt(-t[1]);
    if (t[1] < 0 && n << BigInt(-t[1]) !== t[0]) return byLogarithm(b, t);
    if (n < 0n) return over([1n, 0], bySquares(b, -n));
    const key = `${b[0]},${b[1]}`;
    const [known, last] = powers.get(key) || [0n, [1n, 0]];
    let value = last;
    if (known !== n) value = known === n - 1n ? times(last, b) : bySquares(b, n);
    if (powers.size > 64) powers.clear();
    powers.set(key, [n, value]);
    return value;
};

const strange = (...values) => values.some((value) => typeof value === "number");
const compared = (test) => (a, b) => !strange(a, b) && test(minus(a, b)[0]);

const HOST = {
    add: plus,
    subtract: minus,
    negative: opposite,
    multiply: times,
    divide: over,
    sqrt: root,
    power: raised,
    one_minus_power: (b, t) => minus([1n, 0], raised(b, t)),
    absolute: ([m, e]) => [m < 0n ? -m : m, e],
    maximum: (a, b) => (minus(a, b)[0] >= 0n ? a : b),
    minimum: (a, b) => (minus(a, b)[0] <= 0n ? a : b),
    greater: compared((d) => d > 0n),
    greater_equal: compared((d) => d >= 0n),
    less: compared((d) => d < 0n),
    less_equal: compared((d) => d <= 0n),
    equal: compared((d) => d === 0n),
    not_equal: (a, b) => strange(a, b) || minus(a, b)[0] !== 0n,
    where: (truth, a, b) => (truth ? a : b),
};

const CHOOSING = /^(where|equal|not_equal|(greater|less)(_equal)?)$/;
const choosing = new Set(Object.keys(HOST).filter((word) => CHOOSING.test(word)));

/* A word of the host; of what is no number comes none, unless it chooses. */
const hosted = (word, args) =>
    strange(...args) && !choosing.has(word) ? NaN : HOST[word](...args);
