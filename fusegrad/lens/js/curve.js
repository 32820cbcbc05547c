"use strict";

/* The number over time, and the step that is looked at; the recorded course stays as a thin
   line where settings were edited. */

const CURVE = { width: 640, height: 150, left: 8, right: 8, top: 12, bottom: 12 };

const curvePath = (values, low, high) => {
    const { width, height, left, right, top, bottom } = CURVE;
    const [w, h] = [width - left - right, height - top - bottom];
    const x = (k) => left + (w * k) / Math.max(1, values.length - 1);
    const part = Number.isFinite(high - low) ? 1 : 0.5; // so that no difference overflows
    const share = (v) => (part * v - part * low) / (part * high - part * low || 1);
    const y = (v) => height - bottom - h * share(v);
    const stride = Math.max(1, Math.floor(values.length / (2 * width)));
    let path = "";
    let pen = false;
    for (let k = 0; k < values.length; k += stride) {
        const v = values[k];
        if (!Number.isFinite(v)) pen = false;
        else {
            path += `${pen ? "L" : "M"}${x(k).toFixed(1)} ${y(v).toFixed(1)}`;
            pen = true;
        }
    }
    return { path, x, y };
};

const put = (part, values) => {
    for (const [name, value] of Object.entries(values)) part.setAttribute(name, value);
};

const curve = (model) => {
    const svg = document.getElementById("curve");
    const [was, is, line, spot] = ["was", "is", "cursor", "here"].map((kind) =>
        svg.querySelector(`.${kind}`));
    const labels = ["high", "low"].map((kind) => svg.querySelector(`.${kind}`));
    const end = (rows) => rows.map((row) => row[model.program().end]);
    let drawn = null;
    let scale = null;
    const draw = () => {
        drawn = model.rows();
        const [values, before] = [end(drawn), end(model.recorded())];
        const seen = [...values, ...before].filter(Number.isFinite);
        const extreme = (f) => seen.reduce((a, b) => f(a, b), seen[0]);
        const [low, high] = [extreme(Math.min), extreme(Math.max)];
        scale = curvePath(values, low, high);
        put(is, { d: scale.path });
        put(was, { d: model.isEdited() ? curvePath(before, low, high).path : "" });
        labels[0].textContent = seen.length ? brief(high) : "no finite value";
        labels[1].textContent = seen.length ? brief(low) : "";
    };
    svg.addEventListener("pointerdown", (event) => {
        const box = svg.getBoundingClientRect();
        const share = ((event.clientX - box.left) / box.width) * CURVE.width - CURVE.left;
        const steps = model.run().t.length - 1;
        const width = CURVE.width - CURVE.left - CURVE.right;
        model.change({ step: Math.round((share / width) * steps) });
    });
    model.watch(() => {
        if (drawn !== model.rows()) draw();
        const value = drawn[model.step][model.program().end];
        const at = scale.x(model.step);
        put(line, { x1: at, x2: at, y1: 0, y2: CURVE.height });
        const seen = Number.isFinite(value);
        put(spot, { cx: at, cy: seen ? scale.y(value) : 0 });
        put(spot, { visibility: seen ? "visible" : "hidden" });
    });
};
