"use strict";

/* The view that is shown as a file of its own, and the graph as text for Graphviz. */

const svgOf = (picture, style) => {
    const made = picture.cloneNode(true);
    for (const kind of ["gone", "now", "chosen"]) {
        for (const part of made.querySelectorAll(`.${kind}`)) part.classList.remove(kind);
    }
    const sheet = document.createElementNS(made.namespaceURI, "style");
    sheet.textContent = style;
    made.prepend(sheet);
    return new XMLSerializer().serializeToString(made);
};

const graphExport = (passes) => {
    const [svg, dot, chooser] = ["svg", "dot", "pass"].map((id) => document.getElementById(id));
    svg.addEventListener("click", () => {
        const picture = document.querySelector("#picture svg");
        offer("graph.svg", svgOf(picture, svg.dataset.style), "image/svg+xml");
    });
    dot.addEventListener("click", () =>
        offer("graph.dot", passes[Number(chooser.value)].dot, "text/vnd.graphviz"));
};
