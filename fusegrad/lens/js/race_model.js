"use strict";

/* One race as the page shows it: which of its kept steps, and who is hidden. */

const raceModel = (race, section) => {
    const steps = Array.isArray(race.steps) ? race.steps : [...Array(race.steps).keys()];
    const runs = race.runs.map((run) => unpackRunner({ ...race, steps }, run));
    const watchers = [];
    const last = Math.max(0, steps.length - 1);
    const state = { at: last, hidden: new Set(), playing: false };
    const model = { ...race, ...state, steps, runs, section, last };
    model.step = () => steps[model.at];
    model.watch = (view) => watchers.push(view);
    model.change = (next) => {
        Object.assign(model, next);
        model.at = Math.max(0, Math.min(last, model.at));
        for (const view of watchers) view();
    };
    model.over = (run) => run.over[model.step()];
    model.leader = () => {
        const alive = runs.filter((run) => Number.isFinite(model.over(run)));
        return alive.sort((a, b) => model.over(a) - model.over(b))[0];
    };
    return model;
};

const parts = (model, selector) => [...model.section.querySelectorAll(selector)];

/* Of each run, the element of a picture or table that belongs to it. */
const ofRuns = (model, selector) => {
    const found = parts(model, `${selector}[data-run]`);
    return model.runs.map((_, k) => found.find((part) => Number(part.dataset.run) === k));
};
