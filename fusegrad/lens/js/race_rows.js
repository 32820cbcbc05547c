"use strict";

/* The table of a race: losses at the step that is shown; who is hidden; who stands out. */

const raceRows = (model) => {
    const rows = ofRuns(model, ".ranking tr");
    rows.forEach((row, k) => {
        const box = row.querySelector("input");
        box.hidden = false;
        box.checked = true; // a reload would bring back what was chosen before
        box.addEventListener("change", () => {
            model.hidden[box.checked ? "delete" : "add"](k);
            for (const part of parts(model, `[data-run="${k}"]`)) {
                part.classList.toggle("gone", !box.checked);
            }
            model.change({});
        });
    });
    model.watch(() => model.runs.forEach((run, k) => {
        rows[k].querySelector(".now").textContent = figure(model.over(run));
    }));
};

const raceLight = (model) => {
    const light = (wanted) => {
        const shown = wanted !== null && !model.hidden.has(Number(wanted));
        model.section.classList.toggle("lit", shown);
        for (const part of parts(model, "[data-run]")) {
            part.classList.toggle("chosen", shown && part.dataset.run === wanted);
        }
    };
    const over = (event) => {
        const part = event.target.closest("[data-run]");
        light(part ? part.dataset.run : null);
    };
    model.section.addEventListener("pointerover", over);
    model.section.addEventListener("focusin", over);
    model.section.addEventListener("pointerleave", () => light(null));
    model.section.addEventListener("focusout", () => light(null));
};
