"use strict";

/* What is looked at stands in the address, so that a view can be passed on and comes back. */

/* Inside a frame of a notebook there is no address to keep it in. */
const FRAMED = location.protocol === "about:";

const toAddress = (model) => {
    const known = { p: model.at, t: model.run().t[model.step], ...model.edits };
    return `#${new URLSearchParams(known)}`;
};

const fromAddress = (model, text) => {
    const known = new URLSearchParams(text.slice(1));
    if (!known.has("p") || !model.runs[known.get("p")]) return {};
    const at = Number(known.get("p"));
    const step = Math.max(0, model.runs[at].t.indexOf(Number(known.get("t"))));
    const edits = {};
    for (const name of model.free(model.runs[at])) {
        const value = Number(known.get(name));
        if (known.has(name) && !refusal(name, value)) edits[name] = value;
    }
    return { at, step, edits };
};

const address = (model) => {
    if (FRAMED) return;
    let waiting = 0;
    model.watch(() => {
        clearTimeout(waiting);
        waiting = setTimeout(() => history.replaceState(null, "", toAddress(model)), 200);
    });
};
