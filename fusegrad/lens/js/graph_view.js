"use strict";

/* The section of the graph: a box that is looked at, and the way back step by step. */

const NOTHING = "Nothing has been passed on yet. Step on, or drag the slider.";

const paragraph = (text, kind = "") => {
    const made = cell("p", text);
    made.className = kind;
    return made;
};

const SIGNS = { agrees: "✓", differs: "✗", "at a kink": "∠", "not checked": "–" };

const badge = (verdict, text) =>
    paragraph(`${SIGNS[verdict]} ${text}`, `badge ${verdict.replaceAll(" ", "-")}`);

/* A gradient that is more than the one part that came: where the way back began, the sum of
   several parts, or what a hook made of it. */
const gradientFacts = (pass, source, pulls) => {
    const began = pass.roots.filter(([op]) => isSame(["op", op], source)).map(([, g]) => g);
    const changed = pass.changes.filter(([s]) => isSame(s, source)).map(([, g]) => g);
    const facts = began.flatMap((g) => [cell("h4", "Gradient it began with"), grid(g)]);
    const sum = sumOf([...began, ...pulls]);
    if (sum && began.length + pulls.length > 1) {
        const { shape } = unpackArray(pulls[0]);
        const whole = numberGrid({ shape, values: sum });
        facts.push(cell("h4", "Gradient, all parts together"), whole);
    }
    return [...facts, ...changed.flatMap((g) => [cell("h4", "Gradient passed on"), grid(g)])];
};

const boxFacts = (pass, key) => {
    const [, kind, number] = key.match(/^([a-z]+)(\d+)$/);
    const source = [kind, Number(number)];
    const thing = { op: pass.ops, leaf: pass.leaves, constant: pass.constants }[kind][number];
    const pulls = pass.pulls.filter(([, , s]) => isSame(s, source)).map((pull) => pull[6]);
    const facts = [cell("h3", sourceName(pass, source))];
    if (kind === "op") {
        const inputs = thing.inputs.map((s, k) => `${thing.names[k]} = ${sourceName(pass, s)}`);
        facts.push(paragraph(`${thing.op}(${inputs.join(", ")})`, "numbers"));
        const where = [thing.scope, thing.place].filter(Boolean).join(", ");
        if (where) facts.push(paragraph(where, "aside"));
        if (thing.badge) facts.push(badge(...thing.badge));
    }
    facts.push(cell("h4", "Value"), grid(thing.value));
    pulls.forEach((part, k) => {
        const which = pulls.length > 1 ? `, part ${k + 1} of ${pulls.length}` : "";
        facts.push(cell("h4", `Gradient${which}`), grid(part));
    });
    return [...facts, ...gradientFacts(pass, source, pulls)];
};

const graphView = (passes) => {
    const section = document.getElementById("graph");
    if (!passes.length) return;
    section.hidden = false;
    const parts = ["facts", "back-slider", "back-now", "back-lines", "wrong", "pass"];
    const [facts, slider, now, lines, wrong, chooser] =
        parts.map((id) => document.getElementById(id));
    let [pass, picture, at] = [null, null, 0];

    const look = (key) => {
        picture?.mark(key ? [key] : [], "chosen");
        facts.replaceChildren(...(key ? boxFacts(pass, key) : []));
    };
    const pulls = () => (wrong.checked && pass.wrong ? pass.wrong.pulls : pass.pulls);
    const marks = () => {
        const done = pulls().slice(0, at);
        picture.mark(done.map(([op]) => picture.boxOf(["op", op])), "gone");
        if (!at) return picture.mark([], "now");
        const [op, , target] = pulls()[at - 1];
        const [from, to] = [picture.boxOf(["op", op]), picture.boxOf(target)];
        picture.mark([from, to, `${to}>${from}`], "now");
    };
    const show = () => {
        slider.max = pulls().length;
        at = Math.max(0, Math.min(pulls().length, at));
        slider.value = at;
        now.textContent = `${at} of ${pulls().length}`;
        const texts = at ? linesOf(pass, pulls(), at - 1) : [NOTHING];
        if (wrong.checked && at) texts.push(whyWrong(pass));
        else if (at) texts.push(whyNow(pass, pulls(), at - 1));
        lines.replaceChildren(...texts.map((text) => paragraph(text)));
        marks();
    };
    const choose = (k) => {
        pass = passes[k];
        at = 0;
        wrong.disabled = !pass.wrong;
        wrong.parentElement.title = pass.wrong ? "" : "Only small passes are walked again";
        document.getElementById("not-finite").textContent = pass.trouble;
        picture = null;
        picture = pictures(pass, (key) => {
            look(key);
            if (picture && key === null) marks();
        });
        picture.redraw();
        show();
    };
    const go = (to) => {
        at = to;
        show();
    };
    passes.forEach((one, k) => chooser.add(new Option(`pass ${one.number + 1}`, k)));
    chooser.parentElement.hidden = passes.length < 2;
    chooser.addEventListener("change", () => choose(Number(chooser.value)));
    slider.addEventListener("input", () => go(Number(slider.value)));
    document.getElementById("back-back").addEventListener("click", () => go(at - 1));
    document.getElementById("back-on").addEventListener("click", () => go(at + 1));
    wrong.addEventListener("change", () => go(at));
    choose(0);
};
