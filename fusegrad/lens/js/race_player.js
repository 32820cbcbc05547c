"use strict";

/* Which step is shown: a slider, buttons, keys, and a run through all of them. */

const still = matchMedia("(prefers-reduced-motion: reduce)");
const KEYS = { ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last" };
const JUMPS = 10; // how many jumps cross a race where nothing may move by itself

const raceSlider = (model) => {
    const [slider, now] = [".player input", ".player .at"].map((one) => parts(model, one)[0]);
    const moves = {
        first: () => 0,
        back: () => model.at - 1,
        on: () => model.at + 1,
        last: () => model.last,
    };
    const go = (name) => model.change({ at: moves[name](), playing: false });
    slider.max = model.last;
    slider.addEventListener("input", () =>
        model.change({ at: Number(slider.value), playing: false }));
    for (const button of parts(model, "[data-to]")) {
        button.addEventListener("click", () => go(button.dataset.to));
    }
    model.section.addEventListener("keydown", (event) => {
        const held = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
        if (!KEYS[event.key] || held || event.target.matches(".scroll, pre, summary")) return;
        event.preventDefault();
        go(KEYS[event.key]);
    });
    model.watch(() => {
        const text = `step ${model.step()} of ${model.steps[model.last]}`;
        const leader = model.leader();
        const said = leader ? `, ${leader.name} leads` : "";
        slider.value = model.at;
        slider.setAttribute("aria-valuetext", text + said);
        now.textContent = `${model.step()} of ${model.steps[model.last]}`;
    });
};

const racePlay = (model) => {
    const [button] = parts(model, ".play");
    // Milliseconds for all steps.
    const length = Math.max(3000, Math.min(9000, 60 * model.last));
    const jump = () => {
        const wide = Math.max(1, Math.ceil(model.last / JUMPS));
        model.change({ at: model.at === model.last ? 0 : model.at + wide });
    };
    const run = () => {
        const from = model.at === model.last ? 0 : model.at;
        let began = null;
        const tick = (time) => {
            if (!model.playing) return;
            if (began === null) began = time;
            const at = Math.floor(from + ((time - began) / length) * model.last);
            model.change({ at, playing: at < model.last });
            requestAnimationFrame(tick);
        };
        model.change({ at: from, playing: true });
        requestAnimationFrame(tick);
    };
    const press = () => {
        if (still.matches) jump();
        else if (model.playing) model.change({ playing: false });
        else run();
    };
    const name = () => {
        button.textContent = still.matches ? "Jump on" : model.playing ? "Pause" : "Play";
    };
    button.addEventListener("click", press);
    still.addEventListener("change", () => model.change({ playing: false }));
    model.watch(name);
};
