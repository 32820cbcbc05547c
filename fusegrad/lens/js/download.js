"use strict";

/* Every row of what is looked at, as a file. */

const asCsv = (model) => {
    const { columns } = model.program();
    const { t, dtype } = model.run();
    const head = ["t", ...columns.map(([key]) => key)];
    const quoted = head.map((text) => (/[",]/.test(text) ? `"${text}"` : text));
    const lines = model.rows().map((row, k) =>
        [t[k], ...columns.map(([, node]) => shortest(row[node], dtype))].join(","));
    return `${[quoted.join(","), ...lines].join("\n")}\n`;
};

const asJson = (model) => {
    const { columns } = model.program();
    const { name, optimizer, dtype, t, scalars } = model.run();
    const column = (node) => model.rows().map((row) =>
        Number.isFinite(row[node]) ? row[node] : shortest(row[node]));
    const rows = Object.fromEntries(columns.map(([key, node]) => [key, column(node)]));
    const settings = { ...scalars, ...model.edits };
    return JSON.stringify({ name, optimizer, dtype, settings, t: [...t], ...rows }, null, 1);
};

const offer = (name, text, kind) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};

const downloads = (model) => {
    const file = () => {
        const edits = Object.entries(model.edits).map(([name, value]) => `-${name}=${value}`);
        return `${model.run().name}${edits.join("")}`.replace(/[^\w.=-]+/g, "_");
    };
    document.getElementById("csv").addEventListener("click", () =>
        offer(`${file()}.csv`, asCsv(model), "text/csv"));
    document.getElementById("json").addEventListener("click", () =>
        offer(`${file()}.json`, asJson(model), "application/json"));
};
