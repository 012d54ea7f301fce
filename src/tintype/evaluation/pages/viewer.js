"use strict";
/* Two versions of one picture under a slider or in turns, their difference from the original, and a loupe.
   data.images: {key: data URI}; data.scenes: [{title, width, height, versions: [{name, image, facts}]}], the original first. */
function viewer(box, data) {
  const find = (name) => box.querySelector(`[data-part="${name}"]`);
  const stage = find("stage"), handle = find("handle"), range = find("range"), frame = find("window");
  const sides = { a: side("a"), b: side("b") };
  const GAIN = 8, FLICKER_MS = 700, LOUPE = [60, 40];
  const state = { scene: 0, split: 50, flicker: null, difference: false, zoom: 0, spot: null, turn: 0 };
  const loaded = new Map();

  function side(name) {
    return { name, select: find(`select-${name}`), canvas: find(`canvas-${name}`), tag: find(`tag-${name}`), facts: find(`facts-${name}`), loupe: find(`loupe-${name}`), caption: find(`caption-${name}`) };
  }

  function picture(key) {
    if (!loaded.has(key)) {
      const image = new Image();
      image.src = data.images[key];
      loaded.set(key, image.decode().then(() => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext("2d", { willReadFrequently: true }).drawImage(image, 0, 0);
        return canvas;
      }));
    }
    return loaded.get(key);
  }

  const scene = () => data.scenes[state.scene];
  const version = (one) => scene().versions[Number(one.select.value)];

  function fill(keep) {
    for (const [one, usual] of [[sides.a, data.start[0]], [sides.b, data.start[1]]]) {
      const before = keep ? one.select.selectedOptions[0]?.textContent : null;
      one.select.textContent = "";
      scene().versions.forEach((v, number) => one.select.append(new Option(v.name, number)));
      const names = scene().versions.map((v) => v.name), wanted = names.indexOf(before ?? usual);
      one.select.value = wanted >= 0 ? wanted : Math.min(usual ? 1 : 0, names.length - 1);
    }
  }

  async function draw() {
    const original = await picture(scene().versions[0].image);
    for (const one of Object.values(sides)) {
      const v = version(one), source = await picture(v.image);
      [one.canvas.width, one.canvas.height] = [source.width, source.height];
      const context = one.canvas.getContext("2d");
      context.drawImage(source, 0, 0);
      if (state.difference) context.putImageData(difference(original, source), 0, 0);
      one.tag.textContent = v.name;
      one.facts.textContent = v.facts;
      one.caption.textContent = v.name;
    }
    layout();
    loupe();
    box.dataset.ready = String(Number(box.dataset.ready ?? 0) + 1);
  }

  function difference(original, source) {
    const read = (c) => c.getContext("2d").getImageData(0, 0, c.width, c.height);
    const a = read(original).data, result = read(source), b = result.data;
    for (let i = 0; i < b.length; i += 4)
      for (let c = 0; c < 3; c++) b[i + c] = Math.min(255, GAIN * Math.abs(a[i + c] - b[i + c]));
    return result;
  }

  function layout() {
    const { width, height } = scene(), pixel = 1 / (window.devicePixelRatio || 1);
    stage.style.width = state.zoom ? `${width * state.zoom * pixel}px` : "100%";
    stage.style.maxWidth = state.zoom ? "none" : `${Math.round((80 * window.innerHeight) / 100 * (width / height))}px`;
    stage.style.aspectRatio = `${width} / ${height}`;
    stage.classList.toggle("sharp", state.zoom > 1);
    stage.classList.toggle("flicker", state.flicker !== null);
    handle.style.left = `${state.split}%`;
    range.value = state.split;
    range.hidden = state.flicker !== null;
    const second = state.flicker !== null ? (state.turn ? 0 : 100) : state.split;
    sides.b.canvas.style.clipPath = `inset(0 0 0 ${second}%)`;
    sides.a.tag.hidden = state.flicker !== null && state.turn === 1;
    sides.b.tag.hidden = state.flicker !== null && state.turn === 0;
    stage.dataset.split = second;
  }

  async function loupe() {
    const { width, height } = scene(), [w, h] = [Math.min(LOUPE[0], width), Math.min(LOUPE[1], height)];
    const spot = state.spot ?? [0.5, 0.5];
    const x = Math.round(Math.min(Math.max(spot[0] * width - w / 2, 0), width - w));
    const y = Math.round(Math.min(Math.max(spot[1] * height - h / 2, 0), height - h));
    const parts = [[find("loupe-original"), scene().versions[0]], [sides.a.loupe, version(sides.a)], [sides.b.loupe, version(sides.b)]];
    for (const [canvas, v] of parts) {
      const source = await picture(v.image);
      [canvas.width, canvas.height] = [w, h];
      canvas.getContext("2d").drawImage(source, x, y, w, h, 0, 0, w, h);
    }
  }

  const place = (event) => {
    const r = stage.getBoundingClientRect();
    return [(event.clientX - r.left) / r.width, (event.clientY - r.top) / r.height];
  };
  const split = (value) => {
    state.split = Math.min(Math.max(value, 0), 100);
    layout();
  };
  let dragging = false;
  handle.addEventListener("pointerdown", (event) => {
    dragging = true;
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => dragging && split(100 * place(event)[0]));
  handle.addEventListener("pointerup", () => (dragging = false));
  handle.addEventListener("pointercancel", () => (dragging = false));
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
    if (step) split(state.split + step);
  });
  stage.addEventListener("pointerdown", (event) => {
    if (event.target !== handle && event.pointerType === "mouse" && state.flicker === null) split(100 * place(event)[0]);
    state.spot = place(event);
    loupe();
  });
  stage.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    state.spot = place(event);
    loupe();
  });
  range.addEventListener("input", () => split(Number(range.value)));
  for (const one of Object.values(sides)) one.select.addEventListener("change", draw);

  function buttons(bar, entries, pressed, act) {
    entries.forEach((text, number) => {
      const button = document.createElement("button");
      button.textContent = text;
      button.onclick = () => {
        act(number);
        mark();
      };
      bar.append(button);
    });
    const mark = () => [...bar.children].forEach((button, number) => button.setAttribute("aria-pressed", pressed(number)));
    mark();
  }
  buttons(find("scenes"), data.scenes.map((s) => s.title), (n) => n === state.scene, (n) => {
    state.scene = n;
    fill(true);
    draw();
  });
  find("scenes").hidden = data.scenes.length < 2;
  buttons(find("modes"), ["Slider", "Flicker"], (n) => n === Number(state.flicker !== null), (n) => {
    clearInterval(state.flicker);
    state.flicker = n ? setInterval(() => ((state.turn ^= 1), layout()), FLICKER_MS) : null;
    layout();
  });
  buttons(find("show"), [`Difference ×${GAIN}`], () => state.difference, () => {
    state.difference = !state.difference;
    draw();
  });
  const zooms = [0, 1, 2, 4];
  buttons(find("zooms"), ["Fit", "1:1", "2×", "4×"], (n) => zooms[n] === state.zoom, (n) => {
    state.zoom = zooms[n];
    layout();
    frame.scrollTo((stage.offsetWidth - frame.clientWidth) / 2, (stage.offsetHeight - frame.clientHeight) / 2);
  });
  window.addEventListener("resize", layout);
  fill(false);
  draw();
}
