"use strict";

/* A rule walked word by word, step by step: the same program that the engine compiled. */

/* What whole numbers cannot say, poles and zeros with a sign, as floats say it. */
const FLOATS = { ...WORDS, power: Math.pow, one_minus_power: (b, t) => 1 - b ** t };

const floatsOf = (program, known) => {
    const values = [];
    for (const node of program.host) {
        const [word, ...args] = program.nodes[node];
        if (word === "constant") [values[node]] = args;
        else if (word === "scalar") values[node] = known(args[0]);
        else values[node] = FLOATS[word](...args.map((a) => values[a]));
    }
    return values;
};

/* The host's side: every node that depends on scalars alone, as floats, for one step. What does
   not depend on the step is computed once. */
const hostOf = (program, scalars) => {
    const values = [];
    const moving = [];
    const compute = (node, known) => {
        const [word, ...args] = program.nodes[node];
        if (word === "constant") return wide(args[0]);
        if (word === "scalar") return wide(known(args[0]));
        return hosted(word, args.map((a) => values[a]));
    };
    const isMoving = ([word, ...args]) =>
        word === "scalar"
            ? program.kept.has(args[0]) || scalars.moves(args[0])
            : word !== "constant" && args.some((arg) => moving[arg]);
    for (const node of program.host) moving[node] = isMoving(program.nodes[node]);
    return (step, state) => {
        const known = (name) => (program.kept.has(name) ? state[name] : scalars.at(name, step));
        try {
            for (const node of program.host) {
                if (moving[node] || !(node in values)) values[node] = compute(node, known);
            }
            return values.map(narrow);
        } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            return floatsOf(program, known).map(Number);
        }
    };
};

/* One step's words on one element, as functions of the values so far. */
const elementsOf = (program, dtype, flushes) => {
    const settle = settling(dtype, flushes);
    return program.elements.map((node) => {
        const [word, ...args] = program.nodes[node];
        if (word === "element") return { node, element: args[0], settle };
        const f = WORDS[word];
        const plain = word === "scale";
        const arrive = args.map((a) => (program.isHost[a] && !plain ? settle : (x) => x));
        return { node, args, arrive, f, settle };
    });
};

const valueOf = ({ args, arrive, f, settle }, row) => {
    const given = args.length === 2
        ? f(arrive[0](row[args[0]]), arrive[1](row[args[1]]))
        : f(...args.map((a, k) => arrive[k](row[a])));
    return typeof given === "boolean" ? given : settle(given);
};

/* All values of all steps, as rows by node. `run` holds what every step was given, where the
   parameter and its states began, and the steps at which somebody else set them. */
const replay = (program, run, scalars) => {
    const host = hostOf(program, scalars);
    const ways = [false, true].map((flushes) => elementsOf(program, run.dtype, flushes));
    const flushes = (k) => Number(Array.isArray(run.flushes) ? run.flushes[k] : run.flushes);
    const given = Object.entries(run.given);
    const state = { ...run.start, ...run.scalars };
    const rows = [];
    for (let k = 0; k < run.t.length; k++) {
        Object.assign(state, run.jumps[k]);
        for (const [name, values] of given) state[name] = values[k];
        const row = new Array(program.nodes.length);
        const numbers = host(k, state);
        for (const node of program.host) row[node] = numbers[node];
        for (const word of ways[flushes(k)]) {
            row[word.node] = word.args ? valueOf(word, row) : word.settle(state[word.element]);
        }
        for (const [name, node] of program.outputs) state[name] = row[node];
        rows.push(row);
    }
    return rows;
};

/* The scalars of a run: numbers, or one a step; edited ones stand for all steps. */
const scalarsOf = (run, edits = {}) => ({
    moves: (name) => name === "t" || (!(name in edits) && run.varying[name] !== undefined),
    at: (name, step) => {
        if (name === "t") return run.t[step];
        if (name in edits) return edits[name];
        return run.varying[name] ? run.varying[name][step] : run.scalars[name];
    },
});

/* A print of what a step left behind, bit by bit; every nan counts as one. */
const printOf = (values) => {
    let h = 2166136261;
    const mix = (half) => {
        h = Math.imul(h ^ half, 16777619) >>> 0;
    };
    for (const x of values) {
        view.setFloat64(0, Number.isNaN(x) ? NaN : x);
        mix(Number.isNaN(x) ? 0x7ff80000 : view.getUint32(0));
        mix(Number.isNaN(x) ? 0 : view.getUint32(4));
    }
    return h;
};

const printsOf = (program, rows) => {
    const kept = program.outputs.map(([, node]) => node).filter((n) => !program.isHost[n]);
    return rows.map((row) => printOf(kept.map((node) => row[node])));
};
