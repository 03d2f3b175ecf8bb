// What is written on the card beside a bar of the timeline. It stands before timeline.js in one module.

function fillCard(card, template, frame, at, seconds) {
  const { bars, usual, slowest, errors } = frame;
  const node = bars.node[at], state = bars.state[at], row = bars.row[at], attempt = bars.attempt[at];
  const again = attempt > 1 ? ` · attempt ${attempt}` : "";
  const cooled = bars.cooled[at] >= template.least_cooled ? `, ${writeSeconds(bars.cooled[at])} of it cooling down` : "";
  const resource = template.resources[template.resource_of[node]];
  const tokens = bars.tokens_in[at] || bars.tokens_out[at]
    ? ` · ${bars.tokens_in[at].toLocaleString("en")} tokens in, ${bars.tokens_out[at].toLocaleString("en")} out` : "";
  const ended = ["", "", " and failed", " when the run ended", " and failed, was tried again"][state];
  card.replaceChildren();
  make("b", "", card, `${template.names[node]} · ${row >= 0 ? `row ${row}` : "a whole row group"}${again}`);
  make("div", "", card, `${writeSeconds(seconds)} in flight${ended}, waited ${writeSeconds(bars.waited[at])} for a slot${cooled}`);
  make("div", "", card, `${resource}${tokens}`);
  if (errors[at]) make("div", "ng-bad", card, errors[at]);
  const times = usual[node] ? seconds / usual[node] : 0;
  if (times < template.unusual) return;
  const isSlowest = seconds >= slowest[node] * 0.999;
  make("div", "ng-warning", card, `${times.toFixed(1)} × the usual${isSlowest ? ": the slowest so far" : ""}`);
}
