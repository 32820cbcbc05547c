"use strict";

/* Which number, and which step: lists, slider, buttons and keys. */

const scrubber = (model) => {
    const parts = ["which", "slider", "now"].map((id) => document.getElementById(id));
    const [which, slider, now] = parts;
    const title = ({ name, optimizer }) => `${name} (${optimizer})`;
    model.runs.forEach((run, k) => which.add(new Option(title(run), k)));
    which.addEventListener("change", () => model.change({ at: Number(which.value) }));
    slider.addEventListener("input", () => model.change({ step: Number(slider.value) }));
    const moves = {
        first: () => 0,
        back: () => model.step - 1,
        on: () => model.step + 1,
        last: () => model.run().t.length - 1,
    };
    for (const [id, to] of Object.entries(moves)) {
        const button = document.getElementById(id);
        button.addEventListener("click", () => model.change({ step: to() }));
    }
    const keys = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last" };
    document.getElementById("steps").addEventListener("keydown", (event) => {
        const typing = event.target.matches("input:not([type=range]), select");
        if (typing || !keys[event.key]) return;
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        model.change({ step: moves[keys[event.key]]() });
    });
    model.watch(() => {
        const steps = model.run().t.length;
        slider.max = steps - 1;
        slider.value = model.step;
        which.value = model.at;
        const t = model.run().t[model.step];
        slider.setAttribute("aria-valuetext", `step ${t} of ${model.run().t[steps - 1]}`);
        now.textContent = `t = ${t} of ${model.run().t[steps - 1]}`;
    });
};
