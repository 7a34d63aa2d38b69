// SPDX-License-Identifier: LGPL-2.1-or-later
// Filter, sort and copy. The page reads without it.
(() => {
  "use strict";
  const table = document.getElementById("files");
  const form = document.getElementById("filters");
  const files = [...table.tBodies];
  const words = new Map();

  document.documentElement.classList.add("scripted");

  function wordsOf(file) {
    if (!words.has(file))
      words.set(file, file.textContent.toLowerCase());
    return words.get(file);
  }

  function matches(file, text, verdict, level) {
    return (!verdict || file.dataset.verdict === verdict) &&
      (!level || file.dataset.levels.split(" ").includes(level)) &&
      (!text || text.every((word) => wordsOf(file).includes(word)));
  }

  function filter() {
    const chosen = new FormData(form);
    const text = chosen.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;

    for (const file of files) {
      file.hidden = !matches(file, text, chosen.get("verdict"), chosen.get("level"));
      shown += !file.hidden;
    }
    document.getElementById("shown").value = `${shown} of ${files.length}`;
    document.getElementById("nothing").hidden = shown > 0;
    table.hidden = shown === 0;
  }

  // Numbers by size, what has none last; names as people count: 2 before 10.
  const collator = new Intl.Collator(undefined, { numeric: true });

  function compare(key, sign) {
    if (key === "name")
      return (a, b) => sign * collator.compare(a.dataset.name, b.dataset.name);
    if (key === "verdict")
      key = "rank";
    return (a, b) => {
      const x = a.dataset[key], y = b.dataset[key];
      return !x || !y ? Boolean(y) - Boolean(x) : sign * (x - y);
    };
  }

  function sort(button) {
    const head = button.closest("th");
    const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";

    for (const other of table.tHead.querySelectorAll("[aria-sort]"))
      other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", order);
    files.sort(compare(button.dataset.key, order === "ascending" ? 1 : -1));
    table.append(...files);
  }

  function select(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  }

  async function copy(button) {
    const code = button.parentNode.querySelector("code");

    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      select(code); // no clipboard for this page: the old way, or at least selected
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = "Copy";
      button.classList.remove("done");
    }, 1600);
  }

  function clear() {
    form.reset();
    filter();
    form.elements.text.focus();
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", clear);
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button)
      (button.dataset.key ? sort : copy)(button);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.text.focus();
    } else if (event.key === "Escape" && form.contains(event.target)) {
      event.preventDefault();
      clear();
    }
  });
  filter(); // a browser may remember what was typed
})();
