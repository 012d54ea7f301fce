"use strict";
/* Pairwise choices against the reference. DATA: {id, images: {key: data URI}, trials: [{id, reference, left, right}]}.
   Which codec stands behind an image is not in this page; answers name trials and sides only. */
const DATA = JSON.parse(document.getElementById("data").textContent);
const find = (name) => document.querySelector(`[data-part="${name}"]`);
const KEY = `study ${DATA.id}`;
let state = null;
try {
  state = JSON.parse(localStorage.getItem(KEY));
} catch {
  state = null; // storage may be forbidden; then a reload begins anew
}
state ??= { rater: random(), order: shuffled(DATA.trials.map((_, at) => at)), flips: DATA.trials.map(() => Math.random() < 0.5), answers: [] };
let shownSince = 0;

function random() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function shuffled(list) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

function save() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    return; // as above
  }
}

function show() {
  const done = state.answers.length, total = DATA.trials.length;
  document.body.classList.toggle("begun", done > 0); // small screens drop the instructions then
  find("progress").value = done;
  find("progress").max = total;
  find("count").textContent = `${Math.min(done + 1, total)} of ${total}`;
  find("trial").hidden = done >= total;
  find("end").hidden = done < total;
  if (done >= total) return;
  const at = state.order[done], trial = DATA.trials[at], flip = state.flips[at];
  find("reference").src = DATA.images[trial.reference];
  find("left").src = DATA.images[flip ? trial.right : trial.left];
  find("right").src = DATA.images[flip ? trial.left : trial.right];
  if (matchMedia("(max-width: 640px)").matches) scrollTo(0, 0); // there the pictures stand below each other
  shownSince = performance.now();
}

/* side: "left", "right" as seen, or "same" */
function answer(side) {
  const at = state.order[state.answers.length], trial = DATA.trials[at];
  const seen = { left: state.flips[at] ? "right" : "left", right: state.flips[at] ? "left" : "right", same: "same" };
  state.answers.push({ trial: trial.id, chosen: seen[side], flipped: state.flips[at], seconds: Number(((performance.now() - shownSince) / 1000).toFixed(1)) });
  save();
  show();
}

function download() {
  const content = JSON.stringify({ study: DATA.id, rater: state.rater, answers: state.answers }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  link.download = `answers-${state.rater}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const side of ["left", "right", "same"]) find(`choose-${side}`).onclick = () => answer(side);
for (const name of ["download", "download-early"]) find(name).onclick = download;
find("back").onclick = () => {
  state.answers.pop();
  save();
  show();
};
/* The reference replaces the candidate while it is held: differences show best in place. */
for (const side of ["left", "right"]) {
  const image = find(side);
  const hold = (on) => image.parentElement.classList.toggle("held", on);
  image.addEventListener("pointerdown", () => {
    image.dataset.kept = image.src;
    image.src = find("reference").src;
    hold(true);
  });
  for (const event of ["pointerup", "pointerleave", "pointercancel"])
    image.addEventListener(event, () => {
      if (image.dataset.kept) image.src = image.dataset.kept;
      delete image.dataset.kept;
      hold(false);
    });
  image.addEventListener("contextmenu", (event) => event.preventDefault());
}
document.addEventListener("keydown", (event) => {
  const side = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "same" }[event.key];
  if (side && !find("trial").hidden) answer(side);
});
show();
