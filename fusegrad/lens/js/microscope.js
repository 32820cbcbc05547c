"use strict";

/* The page of a recording begins here. */

document.documentElement.classList.toggle("framed", FRAMED);

const book = JSON.parse(document.getElementById("book").textContent);

graphView(book.passes);
graphExport(book.passes);

if (book.followed.length) {
    const model = makeModel(book);
    const views = [scrubber, ledger, curve, timeline, settings, dialects, address];
    for (const view of views) view(model);
    downloads(model);
    document.getElementById("live").hidden = false;
    const recall = () => model.change(fromAddress(model, location.hash));
    window.addEventListener("hashchange", recall);
    model.at = Math.max(0, model.runs.findIndex(({ given }) => given.g && given.g[0] !== 0));
    recall();
    window.microscope = model;
}
