"use strict";

/* The steps around the one that is looked at, as a table with a row a step. */

const AROUND = 4;

const timeline = (model) => {
    const table = document.getElementById("timeline");
    const [head, body] = [table.tHead, table.tBodies[0]];
    let shown = null;
    const build = () => {
        shown = model.program();
        const titles = shown.columns.map(([, , symbol]) => cell("th", symbol, true));
        for (const title of titles) title.scope = "col";
        const row = document.createElement("tr");
        row.append(cell("th", "t"), ...titles);
        head.replaceChildren(row);
    };
    const line = (k, rows) => {
        const row = document.createElement("tr");
        row.setAttribute("aria-current", String(k === model.step));
        const step = document.createElement("button");
        step.type = "button";
        step.textContent = model.run().t[k];
        step.addEventListener("click", () => model.change({ step: k }));
        const first = cell("th", "");
        first.scope = "row";
        first.append(step);
        row.append(first, ...shown.columns.map(([, node]) => cell("td", brief(rows[k][node]))));
        return row;
    };
    model.watch(() => {
        if (model.program() !== shown) build();
        const rows = model.rows();
        const last = rows.length - 1;
        const from = Math.max(0, Math.min(model.step - AROUND, last - 2 * AROUND));
        const count = Math.min(rows.length, 2 * AROUND + 1);
        body.replaceChildren(...Array.from({ length: count }, (_, k) => line(from + k, rows)));
    });
};
