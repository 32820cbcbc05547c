"use strict";

/* What the page was given, as numbers to compute with. */

const floats = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float64Array(bytes.buffer);
};

const mapped = (entries, f) =>
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, f(value)]));

const first = (text) => floats(text)[0];

const unpackProgram = (program) => {
    const isHost = new Array(program.nodes.length).fill(false);
    for (const node of program.host) isHost[node] = true;
    const ofHost = program.outputs.filter(([, node]) => isHost[node]);
    return { ...program, isHost, kept: new Set(ofHost.map(([name]) => name)) };
};

/* The rows of a rule that a page cannot compute to the last bit: they were recorded. */
const unpackRows = (packed) => {
    const columns = packed.map(floats);
    return Array.from(columns[0], (_, k) => columns.map((column) => column[k]));
};

/* One element with what its parameter's run has in common. */
const unpackRun = (log, element) => ({
    ...log,
    index: element.index,
    varying: mapped(log.varying, floats),
    given: mapped(element.given, floats),
    start: mapped(element.start, first),
    jumps: mapped(element.jumps, (moved) => mapped(moved, first)),
    prints: element.prints,
    rows: element.rows && unpackRows(element.rows),
});
