"use strict";

/* What is looked at: one element of one parameter, one step, and settings that were edited.
   Views draw themselves again when it changes. */

const LETTERS = {
    alpha: "lr", beta1: "beta 1", beta2: "beta 2", eps: "eps", eps_hat: "eps hat",
    rho: "alpha (rho)", mu: "momentum", lam: "weight decay", psi: "momentum decay",
};

const elementName = (log, index) =>
    index.length ? `${log.name}[${index.join(", ")}]` : log.name;

const makeModel = (book) => {
    const programs = book.programs.map(unpackProgram);
    const runs = book.followed.flatMap((log) =>
        log.elements.map((element) => ({
            ...unpackRun(log, element),
            name: elementName(log, element.index),
            dialects: book.kin[log.optimizer],
        })));
    const kept = new Map();
    const views = [];
    const model = { programs, runs, forms: book.forms, at: 0, step: 0, edits: {}, error: "" };

    const once = (key, make) => {
        if (!kept.has(key)) kept.set(key, make());
        return kept.get(key);
    };
    model.program = () => programs[model.run().program];
    model.run = () => runs[model.at];
    model.isEdited = () => Object.keys(model.edits).length > 0;
    model.recorded = () =>
        once(`${model.at}`, () =>
            model.run().rows || replay(model.program(), model.run(), scalarsOf(model.run())));
    /* The settings that can be edited: none of a rule that the page cannot compute. */
    model.free = (run = model.run()) =>
        Object.keys(run.scalars).filter((n) => !run.rows && !programs[run.program].kept.has(n));
    model.rows = () => {
        if (!model.isEdited()) return model.recorded();
        const key = `${model.at} ${JSON.stringify(model.edits)}`;
        return once(key, () =>
            replay(model.program(), model.run(), scalarsOf(model.run(), model.edits)));
    };
    model.formula = (node, row) =>
        once(`formula ${model.run().program}`, () => formulas(model.program(), book.forms))(
            node, row, model.run().dtype);
    model.watch = (view) => views.push(view);
    model.change = (next) => {
        Object.assign(model, next);
        model.step = Math.max(0, Math.min(model.run().t.length - 1, model.step));
        if (kept.size > 200) kept.clear();
        for (const view of views) view(next);
    };
    return model;
};
