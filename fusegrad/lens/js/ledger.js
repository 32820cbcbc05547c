"use strict";

/* Every quantity of one step: symbol, formula, the formula with numbers, the value. */

const cell = (kind, content, markup = false) => {
    const made = document.createElement(kind);
    if (markup) made.innerHTML = `<math>${content}</math>`;
    else made.textContent = content;
    return made;
};

const ledgerRow = ([key, node, symbol, formula]) => {
    const row = document.createElement("tr");
    row.dataset.key = key;
    row.classList.toggle("given", !formula);
    const head = cell("th", symbol, true);
    head.scope = "row";
    const numbers = cell("td", "");
    numbers.className = "numbers";
    const value = cell("td", "");
    value.className = "value";
    row.append(head, formula ? cell("td", formula, true) : cell("td", "given"), numbers, value);
    return { row, node, given: !formula, numbers, value };
};

const ledger = (model) => {
    const body = document.querySelector("#ledger tbody");
    const note = document.getElementById("trouble");
    const caption = document.querySelector("#ledger caption");
    const recorded = caption.textContent;
    let rows = [];
    let shown = null;
    const build = () => {
        shown = model.program();
        rows = shown.columns.map(ledgerRow);
        body.replaceChildren(...rows.map(({ row }) => row));
    };
    model.watch(() => {
        if (model.program() !== shown) build();
        const values = model.rows()[model.step];
        const was = model.recorded()[model.step];
        const { dtype } = model.run();
        for (const { row, node, given, numbers, value } of rows) {
            const host = shown.isHost[node] ? "float64" : dtype;
            numbers.textContent = given ? "" : model.formula(node, values);
            value.textContent = shortest(values[node], host);
            row.classList.toggle("edited", !same(values[node], was[node]));
        }
        note.textContent = trouble(shown, values);
        const edited = "This step, as the edited settings make it";
        caption.textContent = model.isEdited() ? edited : recorded;
    });
};
