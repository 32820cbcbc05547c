"use strict";

/* The way back, one vector-Jacobian product at a time, in the engine's order or a wrong one. */

const sourceName = (pass, [kind, number]) => {
    if (kind === "leaf") return pass.leaves[number].name;
    if (kind === "constant") return pass.constants[number].name || "data";
    return `${pass.ops[number].op} ${number + 1}`;
};

const isSame = (a, b) => a[0] === b[0] && a[1] === b[1];

const sumOf = (parts) => {
    const arrays = parts.map(unpackArray);
    if (!arrays.length || arrays.some(({ values }) => !values)) return null;
    return arrays.slice(1).reduce((sum, { values, dtype }) => {
        const round = dtype === "float32" ? Math.fround : (x) => x;
        return sum.map((x, k) => round(x + values[k]));
    }, arrays[0].values);
};

const numbersOf = (values, dtype) => {
    if (values.length > 4) return many(values.length, "number");
    const texts = [...values].map((v) => shortest(v, dtype));
    return texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
};

/* Why an op may pass on now: everything that used its result has done so. */
const whyNow = (pass, pulls, k) => {
    const at = pulls[k][0];
    const users = pass.ops
        .map((op, n) => (op.inputs.some((i) => isSame(i, ["op", at])) ? n : -1))
        .filter((n) => n >= 0);
    const name = sourceName(pass, ["op", at]);
    if (!users.length) return `${name} is where the way back begins.`;
    const names = users.map((n) => sourceName(pass, ["op", n])).join(", ");
    return users.length === 1
        ? `${name} goes now: ${names}, which alone used its result, has passed on.`
        : `${name} goes now: all that used its result (${names}) have passed on, so that ` +
          "its gradient is whole. Going back in the order opposite to that in which ops ran " +
          "makes sure of it.";
};

const whyWrong = (pass) => {
    const { early, leaves } = pass.wrong;
    const ends = pass.leaves.map((leaf, n) => {
        const right = pass.pulls.filter(([, , s]) => isSame(s, ["leaf", n])).map((p) => p[6]);
        const [good, bad] = [sumOf(right), leaves[n] && unpackArray(leaves[n]).values];
        const equal = good && bad && good.every((x, i) => same(x, bad[i]));
        if (!good || !bad || equal || good.length > 4) return "";
        return `${leaf.name} would get ${numbersOf(bad)} instead of ${numbersOf(good)}`;
    });
    if (!early) return "Every value of this graph is used once, so that any order is right.";
    const [op, came, due] = early;
    const name = sourceName(pass, ["op", op]);
    return (
        `${name} passed on when ${came} of ${due} contributions had come; what came later ` +
        `never went further. ${ends.filter(Boolean).join("; ")}.`
    );
};

/* One pull as lines of text: the product, and what has gathered so far. */
const linesOf = (pass, pulls, k) => {
    const [op, , target, upstream, local, rule, contribution] = pulls[k];
    const [from, to] = [sourceName(pass, ["op", op]), sourceName(pass, target)];
    const product = local
        ? `upstream ${said(upstream)} × local ${said(local)}`
        : `upstream ${said(upstream)}; local: ${rule}`;
    const came = pulls.slice(0, k + 1).filter(([, , s]) => isSame(s, target)).map((p) => p[6]);
    const due = pulls.filter(([, , s]) => isSame(s, target)).length;
    const sum = sumOf(came);
    const { dtype } = unpackArray(contribution);
    const gathered = sum && sum.length <= 4
        ? `${came.map(said).join(" + ")} = ${numbersOf(sum, dtype)}`
        : many(came.length, "contribution");
    const isWhole = came.length === due && pulls === pass.pulls;
    const state = isWhole ? "whole" : `${came.length} of ${due} have come`;
    return [
        `${from} → ${to}`,
        `${product} = contribution ${said(contribution)}`,
        `Gradient of ${to}: ${gathered} (${state}).`,
    ];
};
