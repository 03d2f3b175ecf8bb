// The node of a DAG that somebody has picked: one of a view, or none. The page alone knows of it: whatever is drawn again
// asks for it, Python never does. This file stands before what shows the pick, in one module with each; before it stands
// put.js where nodes or tables of rows are shown.

const PICKED = "ng-picked";

// The index of the node that is picked in the view that an element belongs to, or null
function pickedIn(el) {
  return el.closest(".ng-view")?.ngPicked ?? null;
}

function pick(el, node) {
  const view = el.closest(".ng-view");
  if (!view || pickedIn(el) === node) return;
  view.ngPicked = node;
  view.dispatchEvent(new CustomEvent("ng-pick", { bubbles: true }));
}

// Calls `show` whenever another node is picked; gives what ends that. An element may be put into its view later
function onPick(el, show) {
  const hear = ({ target }) => target.contains(el) && show();
  document.addEventListener("ng-pick", hear);
  return () => document.removeEventListener("ng-pick", hear);
}

// Nodes

function nodesOf(el) {
  return el.querySelectorAll("svg.ng-dag [data-node]");
}

// What a node is called for who cannot see it: its name, what makes it, how far it is

function nameNode(node) {
  const [what, told] = node.querySelector("title").textContent.split("\n");
  const said = node.querySelector(".ng-node-bar") ? `${what}, ${told}` : what;
  if (node.getAttribute("aria-label") !== said) node.setAttribute("aria-label", said);
}

// How far a node is, in words: the second line of its title

function tellNode(node, told) {
  const title = node.querySelector("title"), [what, before, ...spec] = title.textContent.split("\n");
  if (before !== told) title.textContent = [what, told, ...spec].join("\n");
  nameNode(node);
}

function offerNodes(el) {
  el.querySelector("svg.ng-dag")?.setAttribute("role", "group"); // what is in an image cannot be reached
  for (const node of nodesOf(el)) {
    reachByKeyboard(node);
    node.setAttribute("role", "button");
    nameNode(node);
  }
  markNodes(el);
}

function markNodes(el) {
  const picked = pickedIn(el);
  for (const node of nodesOf(el)) {
    const isPicked = Number(node.dataset.node) === picked;
    node.classList.toggle(PICKED, isPicked);
    node.setAttribute("aria-pressed", isPicked);
  }
}

// Lets nodes be picked and let go, by pointer and by keyboard; gives what ends that
function hearNodes(el) {
  const choose = (event) => {
    const chosen = event.target.closest("[data-node]");
    const isOther = event.type === "keydown" ? event.key !== "Enter" && event.key !== " " : isBeingRead(el);
    if (!chosen || isOther) return;
    event.preventDefault(); // a space would scroll
    const node = Number(chosen.dataset.node);
    pick(el, pickedIn(el) === node ? null : node);
  };
  const letGo = ({ key, target, defaultPrevented }) => {
    const view = el.closest(".ng-view");
    // after a click on what takes no focus, keys go to what is around the view
    if (key === "Escape" && !defaultPrevented && (view?.contains(target) || target.contains(view))) pick(el, null);
  };
  for (const name of ["click", "keydown"]) el.addEventListener(name, choose);
  document.addEventListener("keydown", letGo);
  const stop = onPick(el, () => markNodes(el));
  return () => (stop(), document.removeEventListener("keydown", letGo));
}

// The columns of a table of rows

function markColumns(el) {
  const picked = pickedIn(el), columns = el.querySelectorAll("col");
  el.querySelectorAll("th").forEach((head, at) => {
    const isPicked = picked !== null && head.dataset.maker === String(picked);
    for (const part of [head, columns[at]]) part?.classList.toggle(PICKED, isPicked);
  });
}

// Scrolls to what is marked; gives whether there is nothing to do any more
function bringIntoSight(el) {
  const heads = [...el.querySelectorAll(`th.${PICKED}`)], room = heads[0]?.closest(".ng-scroll");
  if (pickedIn(el) === null) return true;
  if (!room?.clientWidth) return false;
  const left = room.getBoundingClientRect().left - room.scrollLeft;
  const begin = heads[0].getBoundingClientRect().left - left, end = heads.at(-1).getBoundingClientRect().right - left;
  const isInSight = begin >= room.scrollLeft && end <= room.scrollLeft + room.clientWidth;
  if (!isInSight) room.scrollLeft = Math.min(begin, (begin + end - room.clientWidth) / 2);
  return true;
}

// Says what somebody looks at, to whoever stands behind look.js

function lookAt(el, attempt) {
  const view = el.closest(".ng-view");
  if (!view) return;
  view.ngLooked = attempt;
  view.dispatchEvent(new CustomEvent("ng-look", { bubbles: true }));
}
