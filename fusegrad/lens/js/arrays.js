"use strict";

/* Arrays of a recorded pass: whole, or what sums them up. */

const unpackArray = ({ shape, kind, values, ends, bad }) => {
    if (values === undefined) {
        const [low, high, mean, norm] = floats(ends);
        return { shape, low, high, mean, norm, bad };
    }
    const bytes = Uint8Array.from(atob(values), (letter) => letter.charCodeAt(0));
    const [Kind, dtype] = kind === "f4" ? [Float32Array, "float32"] : [Float64Array, "float64"];
    return { shape, dtype, values: new Kind(bytes.buffer) };
};

const sized = ({ shape }) => (shape.length ? shape.join(" × ") : "a number");

const normOf = ({ values, norm }) =>
    values ? Math.sqrt(values.reduce((sum, x) => sum + x * x, 0)) : norm;

/* A few numbers as they are; of more, the shape and the norm. */
const said = (packed) => {
    const x = unpackArray(packed);
    if (x.values && x.values.length <= 4) {
        const texts = [...x.values].map((v) => shortest(v, x.dtype));
        return x.shape.length ? `[${texts.join(", ")}]` : texts[0];
    }
    const strange = x.bad ? `, ${many(x.bad, "number")} not finite` : "";
    return `${sized(x)}, norm ${brief(normOf(x))}${strange}`;
};

const MOST = 1024;

/* Every element, in rows of the last axis. */
const grid = (packed) => numberGrid(unpackArray(packed));

const numberGrid = (x) => {
    const part = document.createElement("div");
    part.className = "scroll grid-of-numbers";
    part.tabIndex = 0;
    if (!x.values) {
        part.textContent =
            `${sized(x)}: from ${brief(x.low)} to ${brief(x.high)}, mean ${brief(x.mean)}. ` +
            "Too large to be kept whole on this page: save_html(path, arrays=...) keeps more.";
        return part;
    }
    const width = x.shape.length ? x.shape[x.shape.length - 1] : 1;
    const table = document.createElement("table");
    for (let k = 0; k < Math.min(x.values.length, MOST); k += width || 1) {
        const row = document.createElement("tr");
        for (const v of x.values.subarray(k, k + width)) row.append(cell("td", brief(v)));
        table.append(row);
    }
    part.append(table);
    return part;
};
