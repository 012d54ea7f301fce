"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);
if (DATA.plots) plots(DATA);
for (const box of document.querySelectorAll("[data-viewer]")) viewer(box, DATA);
