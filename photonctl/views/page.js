"use strict";
(() => {
  const form = document.querySelector("form");
  const rows = [...document.querySelectorAll(".rows > li")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const status = form.querySelector("output");
  const apply = () => {
    const verb = form.elements.verb.value;
    const kind = form.elements.kind.value;
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      const isShown =
        (!verb || row.dataset.verb === verb) &&
        (!kind || row.dataset.kind === kind) &&
        words.every((word) => texts[index].includes(word));
      row.hidden = !isShown;
      count += isShown;
    });
    for (const group of document.querySelectorAll("details")) {
      group.hidden = !group.querySelector(".rows > li:not([hidden])");
    }
    status.value = `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
  };
  let waiting = 0;
  for (const name of ["input", "change"]) {
    form.addEventListener(name, () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(apply);
    });
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = rows.length < 2;
  apply();
})();
