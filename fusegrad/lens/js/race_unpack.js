"use strict";

/* What the page was given, as numbers, and where a number lies on a scale. */

const reals = ([width, text]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return width === 4 ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
};

/* A function from values to tenths of pixels; null for what lies outside or is no number. */
const scaleOf = ([low, high, start, stop, log]) => {
    const bent = log ? Math.log10 : (v) => v;
    const [from, width] = [bent(low), bent(high) - bent(low) || 1];
    const slack = 1e-6 * Math.abs(high - low); // what float32 moved over an edge
    return (value) => {
        if (!(value >= low - slack && value <= high + slack)) return null;
        const at = start + ((bent(Math.max(value, low)) - from) / width) * (stop - start);
        return Math.round(10 * at) / 10;
    };
};

const pointsOf = (scales, xs, ys) => {
    const [x, y] = [scaleOf(scales.x), scaleOf(scales.y)];
    return Array.from(ys, (value, k) => {
        const [across, up] = [x(xs[k]), y(value)];
        return across === null || up === null ? null : [across, up];
    });
};

/* A run with its points in pixels: `map` has one a kept step, `course` one a step. */
const unpackRunner = (race, run) => {
    const [y, over] = [reals(run.y), reals(run.over)];
    const x = run.x ? reals(run.x) : race.steps;
    const every = Array.from(over, (_, t) => t);
    const map = pointsOf(race.map, x, y);
    return { ...run, x, y, over, map, course: pointsOf(race.course, every, over) };
};

/* The d of a line through the first points; a gap where there is none. */
const lineTo = (points, count) => {
    let text = "";
    let pen = "M";
    for (let k = 0; k < count; k++) {
        const point = points[k];
        if (point) text += `${pen}${point[0]} ${point[1]}`;
        pen = point ? "L" : "M";
    }
    return text;
};

/* Three digits, as the rest of the page writes them. */
const figure = (value) => {
    if (!Number.isFinite(value)) return "not finite";
    const size = Math.abs(value);
    if (value === 0) return "0";
    if (size >= 1e-4 && size < 999.5) return value.toPrecision(3);
    if (size >= 1e-4 && size < 1e5) return value.toFixed(0);
    const [digits, power] = value.toExponential(2).split("e");
    const lead = Number(digits) === 1 ? "" : `${Number(digits)}×`;
    const raised = (letter) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(letter)];
    return `${lead}10${[...String(Number(power))].map(raised).join("")}`;
};
