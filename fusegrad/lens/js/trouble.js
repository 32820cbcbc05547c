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
    if (Number.isNaN(row[node])) return `${given.map(shortest).join(" and ")} have no ${word}`;
    return `${given.map(brief).join(", ")} give more than ${largest} (${word})`;
};

const isLeaf = (program, node) =>
    ["element", "scalar", "constant"].includes(program.nodes[node][0]);

/* What a step was given that is no number. */
const given = (program, node, row) => {
    const [, name] = program.nodes[node];
    const shown = shortest(row[node]);
    return name === "g"
        ? `The gradient arrived as ${shown}: the way back made it, not the optimizer. ` +
          "Where this pass was recorded, its graph says which op."
        : `${name} was ${shown} before this step already.`;
};

const trouble = (program, row) => {
    const all = [...program.host, ...program.elements];
    const args = (n) => (isLeaf(program, n) ? [] : program.nodes[n].slice(1));
    const first = all.find((n) => bad(row[n]) && args(n).every((arg) => !bad(row[arg])));
    const isNew = (n) => Number.isNaN(row[n]) && !args(n).some((arg) => Number.isNaN(row[arg]));
    const lost = all.find((n) => !isLeaf(program, n) && isNew(n));
    const made = [first, lost].find((n) => n !== undefined && !isLeaf(program, n));
    const came = first !== undefined && isLeaf(program, first);
    const said = came ? [given(program, first, row)] : [];
    if (made !== undefined) {
        const called = program.names[made] || "a value on the way";
        said.push(`${called} is ${shortest(row[made])}: ${reason(program, made, row)}.`);
    }
    return said.join(" ");
};
