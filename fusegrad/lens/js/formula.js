"use strict";

/* A formula with numbers in it, which evaluates to what the kernel computed. Brackets keep the
   order of its operations (kernels/infix.py). */

const formulas = (program, forms) => {
    const named = new Set([
        ...Object.keys(program.names).map(Number),
        ...program.columns.map(([, node]) => node),
    ]);
    const exact = ["add", "subtract", "multiply", "divide"];
    const isLeaf = (node) => ["constant", "scalar", "element"].includes(program.nodes[node][0]);

    /* The host rounds once, at the end: what takes it several operations stands as a number. */
    const roundedLate = (node) => {
        const [word, ...args] = program.nodes[node];
        return program.isHost[node] && !(exact.includes(word) && args.every(isLeaf));
    };

    const formula = (node, text) => {
        if (isLeaf(node)) return text(node);
        const [word, ...args] = program.nodes[node];
        const [, template, needs] = forms[word];
        const parts = args.map((arg, k) => argument(node, arg, text, needs[k], k === 0));
        let next = 0;
        return template.replace(/\{\}/g, () => parts[next++]);
    };

    /* What the host computes is written down to its scalars: it is exact, and rounded once. */
    const argument = (user, node, text, least, first) => {
        const stops = !program.isHost[user] && (named.has(node) || roundedLate(node));
        if (isLeaf(node) || stops) {
            const shown = text(node);
            const bare = least === 0 || (first && least < 5);
            return shown.startsWith("-") && !bare ? `(${shown})` : shown;
        }
        const shown = formula(node, text);
        return forms[program.nodes[node][0]][0] < least ? `(${shown})` : shown;
    };

    return (node, row, dtype) =>
        formula(node, (leaf) => shortest(row[leaf], program.isHost[leaf] ? "float64" : dtype));
};
