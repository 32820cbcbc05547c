"use strict";

/* The page of races begins here. Each opens at its last step, as it stands without script. */

const VIEWS = [
    raceMap, raceCourse, raceRows, raceLight, raceSlider, racePlay, raceDownload,
];
const book = JSON.parse(document.getElementById("book").textContent);
const races = book.races.map((race, k) => {
    const model = raceModel(race, document.getElementById(`race${k}`));
    for (const view of VIEWS) view(model);
    parts(model, ".player")[0].hidden = false;
    model.section.classList.add("live");
    model.change({});
    return model;
});
window.races = races;
