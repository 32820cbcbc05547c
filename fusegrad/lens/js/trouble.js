"use strict";

/* Why a number is none: the first word of a row that made nan or inf out of finite numbers. */

const POLES = {
    divide: (a, b) => (b === 0 ? (a === 0 ? "0 / 0" : `${brief(a)} / 0`) : ""),
    ratio: () => "",
    sqrt: (a) => (a < 0 ? `the root of ${brief(a)}` : ""),
    subtract: (a, b) => (a === b && !Number.isFinite(a) ? "inf - inf" : ""),
    scale: (a, b) => ((a === 0 || b === 0) && !Number.isFinite(a * b) ? "0 times inf" : ""),
};

const bad = (x) => typeof x === "number" && !Number.isFinite(x);

const reason = (program, node, row) => {
    const [word, ...args] = program.nodes[node];
    const given = args.map((arg) => row[arg]);
    const said = POLES[word] ? POLES[word](...given) : "";
    if (said) return `it is ${said}`;
    const largest = "the largest number there is";
    return `${given.map(brief).join(", ")} give more than ${largest} (${word})`;
};

const trouble = (program, row) => {
    const all = [...program.host, ...program.elements];
    const began = (n) => program.nodes[n].slice(1).every((arg) => !bad(row[arg]));
    const node = all.find((n) => bad(row[n]) && began(n));
    if (node === undefined) return "";
    const [word, name] = program.nodes[node];
    const shown = shortest(row[node]);
    if (word === "element") {
        return name === "g"
            ? `The gradient arrived as ${shown}: the way back made it, not the optimizer.`
            : `${name} was ${shown} before this step already.`;
    }
    const called = program.names[node] || "a value on the way";
    return `${called} is ${shown}: ${reason(program, node, row)}.`;
};
