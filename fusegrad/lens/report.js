"use strict";

/* Charts: one pointer, or the arrow keys, reads every panel of a row at once. */

const make = (svg, name, kind) => {
    const part = document.createElementNS(svg.namespaceURI, name);
    part.setAttribute("class", kind);
    part.setAttribute("visibility", "hidden");
    return svg.appendChild(part);
};

const place = (part, values) => {
    for (const [key, value] of Object.entries(values)) part.setAttribute(key, value);
};

const prepare = (svg) => {
    const book = JSON.parse(svg.dataset.points);
    const box = svg.viewBox.baseVal;
    const cursor = make(svg, "line", "cursor");
    place(cursor, { y1: 8, y2: box.height - 38 });
    const dots = book.series.map((series) => {
        const dot = make(svg, "circle", "here");
        dot.style.setProperty("--c", series.colour);
        dot.setAttribute("r", 4);
        return dot;
    });
    const readout = svg.closest("figure").querySelector(".readout");
    svg.tabIndex = 0;
    return { svg, book, cursor, dots, readout, width: box.width };
};

const nearest = (values, wanted) => {
    const far = values.map((value) => Math.abs(value - wanted));
    return far.indexOf(Math.min(...far));
};

const entry = (series, index) => {
    const item = document.createElement("span");
    const dot = document.createElement("i");
    dot.className = "dot";
    dot.style.setProperty("--c", series.colour);
    item.append(dot, `${series.name} ${series.text[index]}`);
    return item;
};

const read = (chart, index) => {
    const { book, cursor, dots, readout } = chart;
    place(cursor, { x1: book.px[index], x2: book.px[index], visibility: "visible" });
    book.series.forEach((series, i) => {
        const y = series.y[index];
        const visibility = y === null ? "hidden" : "visible";
        place(dots[i], { cx: book.px[index], cy: y === null ? 0 : y, visibility });
    });
    const items = book.series.map((series) => entry(series, index));
    readout.replaceChildren(`${book.name} ${book.x[index]}`, ...items);
};

const leave = ({ cursor, dots, readout }) => {
    for (const part of [cursor, ...dots]) part.setAttribute("visibility", "hidden");
    readout.replaceChildren();
};

const all = (charts, x) => {
    for (const chart of charts) read(chart, nearest(chart.book.x, x));
};

const follow = (chart, go, clear) => {
    const { svg, book, width } = chart;
    svg.addEventListener("pointermove", (event) => {
        const box = svg.getBoundingClientRect();
        go(nearest(book.px, ((event.clientX - box.left) / box.width) * width));
    });
    svg.addEventListener("pointerleave", clear);
};

const steer = ({ svg, book, readout }, go, clear, place) => {
    const moves = {
        ArrowLeft: () => go(place() - 1),
        ArrowRight: () => go(place() + 1),
        Home: () => go(0),
        End: () => go(book.x.length - 1),
        Escape: clear,
    };
    svg.addEventListener("focus", () => readout.setAttribute("aria-live", "polite"));
    svg.addEventListener("blur", () => {
        readout.removeAttribute("aria-live");
        clear();
    });
    svg.addEventListener("keydown", (event) => {
        if (!moves[event.key]) return;
        event.preventDefault();
        moves[event.key]();
    });
};

const link = (row) => {
    const charts = [...row.querySelectorAll("svg[data-points]")].map(prepare);
    const clear = () => charts.forEach(leave);
    let here = 0;
    for (const chart of charts) {
        const { x } = chart.book;
        const go = (index) => {
            here = Math.max(0, Math.min(x.length - 1, index));
            all(charts, x[here]);
        };
        follow(chart, go, clear);
        steer(chart, go, clear, () => here);
    }
};

document.querySelectorAll(".panels").forEach(link);

/* Pictures: the filter is kept in the address, so a view can be passed on. */

const filters = document.querySelector(".filters");
const cards = [...document.querySelectorAll("#shown > li")];
const buttons = filters ? [...filters.querySelectorAll("button")] : [];
const choice = document.getElementById("group");
const everything = { show: "all", group: "", pair: "" };
let state = everything;

const fits = ({ kind, group, pair }) =>
    (state.show === "all" || state.show === kind) &&
    (state.group === "" || state.group === group) &&
    (state.pair === "" || state.pair === pair);

const apply = (next) => {
    state = { ...everything, ...next };
    for (const button of buttons) {
        const pressed = state.pair === "" && button.dataset.show === state.show;
        button.setAttribute("aria-pressed", String(pressed));
    }
    choice.value = state.group;
    for (const card of cards) card.hidden = !fits(card.dataset);
    const left = cards.filter((card) => !card.hidden).length;
    const tally = document.getElementById("tally");
    tally.textContent = `${left} of ${cards.length} ${tally.dataset.noun}`;
};

const keep = ({ show, group }) => {
    history.replaceState(null, "", `#${new URLSearchParams({ show, group })}`);
    apply({ show, group });
};

/* An address is a cell of the matrix (#p3-1), a filter, or a section of the page. */
const wanted = (address) => {
    if (cards.some((card) => card.dataset.pair === address)) return { pair: address };
    const known = new URLSearchParams(address);
    const show = known.get("show");
    if (!buttons.some((button) => button.dataset.show === show)) return null;
    const group = known.get("group") || "";
    const listed = [...choice.options].some((option) => option.value === group);
    return { show, group: listed ? group : "" };
};

const recall = () => {
    const next = wanted(location.hash.slice(1));
    if (!next) return;
    apply(next);
    document.getElementById("pictures").scrollIntoView();
};

if (filters) {
    for (const button of buttons) {
        button.addEventListener("click", () => keep({ ...state, show: button.dataset.show }));
    }
    choice.addEventListener("change", () => keep({ ...state, group: choice.value }));
    window.addEventListener("hashchange", recall);
    filters.hidden = false;
    apply(everything);
    recall();
}

/* LaTeX: where the clipboard is refused, the source is left selected instead. */

const copy = async (button) => {
    const code = button.parentElement.querySelector("code");
    try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
    } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected: press Ctrl+C";
    }
};

for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
}
