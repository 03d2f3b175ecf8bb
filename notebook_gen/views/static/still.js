// What was seen last of a live view, as HTML that a notebook can keep: a widget whose kernel has ended is an error when
// the notebook is opened again.

// what is of no use without a kernel, or was not seen
const LEFT_OUT = ".ng-switch, .lm-mod-hidden, [hidden], .lm-TabBar-tab:not(.lm-mod-current), .modebar-container, .ng-starting, button, script";

function stillOf(view, note) {
  const copy = view.cloneNode(true);
  const wasGoingOn = view.querySelector("button.ng-stop:enabled") !== null;
  const drawn = view.querySelectorAll("canvas");
  copy.querySelectorAll("canvas").forEach((canvas, at) => {
    const image = new Image();
    image.src = drawn[at].toDataURL();
    image.style.cssText = canvas.style.cssText;
    canvas.replaceWith(image);
  });
  for (const part of copy.querySelectorAll(LEFT_OUT)) part.remove();
  const state = wasGoingOn && copy.querySelector(".ng-state");
  if (state) {
    state.className = "ng-state";
    state.querySelector("b").textContent = "kernel gone";
    const said = document.createElement("p");
    said.className = "ng-note ng-bad";
    said.textContent = note;
    copy.querySelector(".ng-headline").after(said);
  }
  for (const part of [copy, ...copy.querySelectorAll(".jupyter-widgets-disconnected")]) {
    part.classList.remove("jupyter-widgets-disconnected");
  }
  copy.classList.add("ng-still", "mathjax_ignore");
  const styles = [...document.querySelectorAll("style")].map(({ textContent }) => textContent);
  const style = document.createElement("style");
  style.textContent = styles.find((text) => text.includes(".ng-view.ng-live")) ?? "";
  copy.prepend(style);
  return copy.outerHTML;
}
