"use strict";

/* The graph as it is drawn, one view at a time: the whole, a module, what lies in it. */

const pictures = (pass, onBox) => {
    const frame = document.getElementById("picture");
    const trail = document.getElementById("trail");
    let view = pass.first;

    const above = () => {
        const path = [];
        for (let k = view; k !== null; k = pass.views[k].above) path.unshift(k);
        return path;
    };
    const jump = (k) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = pass.views[k].title;
        button.setAttribute("aria-pressed", String(k === view));
        button.addEventListener("click", () => open(k));
        return button;
    };
    const crumbs = () => {
        const ends = [0, ...above(), pass.views.length - 1];
        const known = ends.filter((k) => k === view || k === 0 || pass.views[k].above === null);
        const path = [...new Set([...known, ...above()])].sort((a, b) => a - b);
        trail.replaceChildren(...path.map(jump));
        trail.hidden = pass.views.length < 2;
    };
    const act = (box) => {
        const { opens, key } = box.dataset;
        if (opens !== undefined) open(Number(opens));
        else onBox(key);
    };
    const open = (k) => {
        view = k;
        frame.innerHTML = pass.views[k].svg;
        crumbs();
        for (const box of frame.querySelectorAll(".box")) {
            box.addEventListener("click", () => act(box));
            box.addEventListener("keydown", (event) => {
                if (event.key !== "Enter" && event.key !== " ") return;
                event.preventDefault();
                act(box);
            });
        }
        onBox(null);
    };

    /* The box that a source lies in, in this view. */
    const boxOf = ([kind, number]) => {
        const { holds } = pass.views[view];
        const key = `${kind}${number}`;
        if (frame.querySelector(`[data-key="${key}"]`) || kind !== "op") return key;
        return Object.keys(holds).find((scope) => holds[scope].includes(number)) || key;
    };
    const mark = (keys, kind) => {
        for (const part of frame.querySelectorAll(`.${kind}`)) part.classList.remove(kind);
        for (const key of keys) {
            const quoted = CSS.escape(key);
            const parts = `[data-key="${quoted}"], [data-edge="${quoted}"]`;
            for (const part of frame.querySelectorAll(parts)) part.classList.add(kind);
        }
    };
    return { open, boxOf, mark, redraw: () => open(view) };
};
