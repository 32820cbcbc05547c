"use strict";

/* The same name, other formulas: what each dialect makes of the same gradients. */

/* A dialect's run: its own states, the recorded gradients, the settings that are looked at. The
   states of the recording are those of its own rule, and of a run that had begun before. */
const dialectRun = (run, dialect, edits) => {
    const known = { ...run.scalars, ...edits };
    const given = (name) => {
        const alias = { eps_hat: "eps", eps: "eps_hat" }[name];
        return known[name] ?? known[alias] ?? dialect.scalars[name];
    };
    const scalars = {};
    const varying = {};
    for (const name of Object.keys(dialect.scalars)) {
        scalars[name] = given(name);
        if (run.varying[name] && !(name in edits)) varying[name] = run.varying[name];
    }
    const own = dialect.program === run.program;
    const states = own || run.t[0] > 1 ? run.start : {};
    const start = { ...dialect.start, ...states, theta: run.start.theta };
    return { ...run, start, scalars, varying, jumps: own ? run.jumps : {} };
};

const dialectRows = (model, dialect) => {
    const run = dialectRun(model.run(), dialect, model.edits);
    return replay(model.programs[dialect.program], run, scalarsOf(run));
};

/* Where two courses part: the first step whose parameter is not the same, bit for bit. */
const parting = (model, rows, end) => {
    const own = model.program().end;
    const k = model.rows().findIndex((row, i) => !same(row[own], rows[i][end]));
    return k < 0 ? "never" : `t = ${model.run().t[k]}`;
};

const dialectLine = ({ title, used, says }) => {
    const row = document.createElement("tr");
    const head = cell("th", title);
    head.scope = "row";
    const cells = [...[0, 1, 2].map(() => cell("td", "")), cell("td", used), cell("td", says)];
    row.append(head, ...cells);
    return { row, cells };
};

const dialects = (model) => {
    const section = document.getElementById("dialects");
    const body = section.querySelector("tbody");
    let [shown, lines, courses, key, waiting] = [-1, [], [], "", 0];
    const keyOf = () => `${model.at} ${JSON.stringify(model.edits)}`;
    const build = () => {
        shown = model.at;
        lines = model.run().dialects.map(dialectLine);
        body.replaceChildren(...lines.map(({ row }) => row));
        section.hidden = lines.length === 0;
    };
    const draw = () => {
        const isNew = key !== keyOf();
        if (isNew) courses = model.run().dialects.map((one) => dialectRows(model, one));
        lines.forEach(({ cells }, k) => {
            const program = model.programs[model.run().dialects[k].program];
            const row = courses[k][model.step];
            if (isNew) cells[0].textContent = parting(model, courses[k], program.end);
            cells[1].textContent = program.step === null ? "" : brief(row[program.step]);
            cells[2].textContent = shortest(row[program.end], model.run().dtype);
        });
        key = keyOf();
    };
    /* After an edit the ledger comes first, and a dozen other rules once nothing waits. */
    model.watch(() => {
        if (shown !== model.at) build();
        clearTimeout(waiting);
        if (key === keyOf()) draw();
        else waiting = setTimeout(draw, 0);
    });
};
