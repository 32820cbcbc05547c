"use strict";

/* Both pictures of a race: every run as far as the step that is shown, and its marker there. */

const moveSpot = (group, point) => {
    const spot = group.querySelector(".spot");
    spot.setAttribute("visibility", point ? "visible" : "hidden");
    if (point) spot.setAttribute("transform", `translate(${point[0]} ${point[1]})`);
};

const raceMap = (model) => {
    const groups = ofRuns(model, ".map .run");
    model.watch(() => model.runs.forEach((run, k) => {
        groups[k].querySelector(".far").setAttribute("d", lineTo(run.map, model.at + 1));
        moveSpot(groups[k], run.map[model.at]);
    }));
};

const raceCourse = (model) => {
    const groups = ofRuns(model, ".course .run");
    const [svg] = parts(model, ".course");
    const cursor = svg.querySelector(".cursor");
    const scale = scaleOf(model.course.x);
    cursor.removeAttribute("hidden");
    model.watch(() => {
        const t = model.step();
        for (const end of ["x1", "x2"]) cursor.setAttribute(end, scale(t));
        model.runs.forEach((run, k) => {
            groups[k].querySelector(".far").setAttribute("d", lineTo(run.course, t + 1));
            moveSpot(groups[k], run.course[t]);
        });
    });
    const go = (event) => {
        const box = svg.getBoundingClientRect();
        const [low, high, start, stop] = model.course.x;
        const pixel = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
        const t = low + ((pixel - start) / (stop - start)) * (high - low);
        const far = model.steps.map((step) => Math.abs(step - t));
        model.change({ at: far.indexOf(Math.min(...far)), playing: false });
    };
    svg.addEventListener("pointerdown", go);
    svg.addEventListener("pointermove", (event) => {
        if (event.buttons === 1) go(event);
    });
};
