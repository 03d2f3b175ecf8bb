// What turns pages: ‹, a number that can be typed, and ›. It stands before rows.js in one module, and before row_turns.js
// in another.

function add(parent, tag, facts, className = "") {
  const added = document.createElement(tag);
  if (className) added.className = className;
  Object.assign(added, facts);
  parent.append(added);
  return added;
}

// `step` is told -1 or 1, `jump` the number; `noun` stands before that
function addPager(parent, label, { noun, before, after, title, name, step, jump }) {
  const pager = add(parent, "div", {}, "ng-pager");
  pager.setAttribute("role", "group");
  pager.setAttribute("aria-label", label);
  const turn = (text, words, by) => {
    const made = add(pager, "button", { textContent: text, title: words }, "ng-turn");
    made.setAttribute("aria-label", words);
    made.onclick = () => step(by);
    return made;
  };
  const previous = turn("‹", before, -1);
  add(pager, "span", { textContent: noun });
  const field = add(pager, "input", { type: "number", min: 0, step: 1, title });
  field.setAttribute("aria-label", name);
  // what somebody types is theirs until they are done with it
  field.oninput = () => (field.dataset.typed = "true");
  field.onblur = () => delete field.dataset.typed;
  field.onchange = () => {
    delete field.dataset.typed;
    if (field.value !== "") jump(Math.trunc(Number(field.value)));
  };
  field.onkeydown = ({ key }) => {
    // a handler that gives false would keep every other key from the field
    if (key === "Enter") field.onchange();
  };
  const words = add(pager, "span", {});
  words.setAttribute("aria-live", "polite");
  return { pager, previous, field, words, next: turn("›", after, 1) };
}

// Shows a number, what is said behind it, and how high it may be
function fillPager({ field, words }, value, said, most) {
  words.textContent = said;
  field.max = most;
  if (!field.dataset.typed && field.value !== String(value)) field.value = value;
  field.style.width = `${Math.max(3, String(most + 1).length) + 4}ch`;
}
