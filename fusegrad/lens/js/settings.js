"use strict";

/* Settings that can be edited; the rule runs again, here, on the recorded gradients. */

const FRACTIONS = ["beta1", "beta2", "rho", "mu"];

/* Ranges of their own, as optimizers have them (optim/settings.py). */
const RANGES = {
    lambd: [(x) => x > 0 && x <= 1, "more than 0 and at most 1"],
    n0: [(x) => x >= 1 && Number.isInteger(x), "a count of at least 1"],
    c: [(x) => x >= 1, "1 or more"],
};

/* Why a value cannot be one, in words; nothing where it can. */
const refusal = (name, value) => {
    const word = LETTERS[name] || name;
    if (!Number.isFinite(value)) return `${word}: expected a number; type one such as 0.9`;
    if (value < 0) return `${word}: expected 0 or more, got ${value}`;
    const [holds, range] = RANGES[name] || [() => true];
    if (!holds(value)) return `${word}: expected ${range}, got ${value}`;
    if (!FRACTIONS.includes(name) || value < 1) return "";
    if (value > 1) return `${word}: expected less than 1, got ${value}: the average would grow`;
    return (
        `${word} = 1: the average would keep what it started with, 0, for ever, and its ` +
        "correction 1 - 1^t is 0 at every step, so that it would be 0 / 0. " +
        "Optimizers refuse it; the last value that can be stays."
    );
};

const field = (model, name) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "number", step: "any", name });
    input.addEventListener("input", () => {
        const value = input.value === "" ? NaN : Number(input.value);
        const error = refusal(name, value);
        const edits = { ...model.edits };
        const { scalars, varying } = model.run();
        if (!error) edits[name] = value;
        if (value === scalars[name] && !varying[name]) delete edits[name];
        input.setAttribute("aria-invalid", String(Boolean(error)));
        model.change({ edits: error ? model.edits : edits, error });
    });
    const follows = model.run().varying[name] ? " (follows t)" : "";
    label.append(`${LETTERS[name] || name}${follows}`, input);
    return { label, input, name };
};

const verdictOf = (model) => {
    const [now, was] = [model.rows(), model.recorded()];
    const { columns, end } = model.program();
    const differs = (row, k) => columns.some(([, node]) => !same(row[node], was[k][node]));
    const first = now.findIndex(differs);
    if (first < 0) return "With these settings every number is the same.";
    const [a, b] = [was, now].map((rows) => brief(rows[rows.length - 1][end]));
    const { t } = model.run();
    const moved = now.findIndex((row, k) => !same(row[end], was[k][end]));
    const said = `The recorded gradients, another rule: numbers differ from t = ${t[first]} on`;
    if (moved < 0) return `${said}; the parameter goes where it went.`;
    const parts = `the parameter from t = ${t[moved]} on`;
    return `${said}, ${parts}, and it ends at ${b} instead of ${a}.`;
};

const checked = (model) => {
    const { prints, t, rows } = model.run();
    if (rows) {
        return "These are the kernel's own numbers. The rule has words that no page computes " +
            "to the last bit, so that its settings cannot be edited here.";
    }
    const found = printsOf(model.program(), model.recorded());
    const equal = found.filter((print, k) => print === prints[k]).length;
    return (
        `${equal.toLocaleString("en")} of ${many(t.length, "step")}, computed again on this ` +
        "page, end bit for bit where the kernel that trained left them."
    );
};

const settings = (model) => {
    const form = document.getElementById("settings");
    const [verdict, error] = ["verdict", "refused"].map((id) => document.getElementById(id));
    let fields = [];
    let shown = -1;
    const build = () => {
        shown = model.at;
        fields = model.free().map((name) => field(model, name));
        form.hidden = !fields.length;
        form.querySelector(".fields").replaceChildren(...fields.map(({ label }) => label));
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("reset").addEventListener("click", () => {
        shown = -1;
        model.change({ edits: {}, error: "" });
    });
    model.watch(() => {
        if (shown !== model.at) build();
        for (const { input, name } of fields) {
            const { scalars, varying } = model.run();
            const given = varying[name] ? varying[name][model.step] : scalars[name];
            const value = name in model.edits ? model.edits[name] : given;
            if (document.activeElement !== input) input.value = shortest(value);
        }
        error.textContent = model.error;
        verdict.textContent = model.isEdited() ? verdictOf(model) : checked(model);
        verdict.dataset.state = model.isEdited() ? "edited" : "recorded";
    });
};
