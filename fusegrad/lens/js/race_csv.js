"use strict";

/* Every step of every run of a race, as a file. Points are those that were kept. */

const sevenDigits = (value) =>
    Number.isFinite(value) ? String(Number(value.toPrecision(7))) : shortest(value);

const raceCsv = (model) => {
    const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const kept = new Map(model.steps.map((step, k) => [step, k]));
    const axes = model.axes.map((axis) => `point: ${axis}`);
    const head = ["optimizer", "lr", "step", ...axes, "loss"];
    const lines = model.runs.flatMap((run) => Array.from(run.over, (over, t) => {
        const k = kept.get(t);
        const point = k === undefined ? ["", ""] : [run.x[k], run.y[k]].map(sevenDigits);
        const loss = sevenDigits(over + model.least);
        return [quoted(run.name), run.lr, t, ...point, loss].join(",");
    }));
    return `${[head.map(quoted).join(","), ...lines].join("\n")}\n`;
};

const raceDownload = (model) => {
    const [button] = parts(model, ".csv");
    button.addEventListener("click", () => {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([raceCsv(model)], { type: "text/csv" }));
        link.download = `${model.name.replace(/[^\w.-]+/g, "_")}.csv`;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    button.parentElement.hidden = false;
};
