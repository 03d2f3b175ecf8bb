// The states of cells: read from the arrays that views/cells.py packs, and painted. It stands behind chart.js and before
// cells.js in one module.

const LEAST_PITCH = 6, LEAST_FAILED = 2; // pixels: of a cell that has room for a mark; of what has failed in a stretch

// by their number in a frame's masks; from the bottom of a bar to its top: UPWARDS
const WORDS = ["waiting", "ready", "in flight", "deferred", "done", "skipped", "failed", "dropped", "kept"];
const IS_WAITING = 0, IS_READY = 1, IS_FLYING = 2, IS_DEFERRED = 3, IS_DONE = 4, IS_SKIPPED = 5, HAS_FAILED = 6, IS_DROPPED = 7, IS_KEPT = 8;
const UPWARDS = [IS_KEPT, IS_DONE, IS_SKIPPED, IS_FLYING, IS_DEFERRED, IS_READY, IS_WAITING, IS_DROPPED, HAS_FAILED];
const LEGEND = [IS_DONE, IS_KEPT, IS_FLYING, IS_READY, IS_WAITING, IS_DEFERRED, IS_SKIPPED, HAS_FAILED, IS_DROPPED];

function sayState(state, ended) {
  return state === IS_WAITING && ended ? "not made" : WORDS[state];
}

function readCells(frame) {
  if (!frame?.masks) return null;
  const { masks, counts } = frame;
  const bits = new Uint16Array(masks.buffer.slice(masks.byteOffset, masks.byteOffset + masks.byteLength));
  const Numbers = frame.width > 0xffff ? Uint32Array : Uint16Array;
  const numbers = new Numbers(counts.buffer.slice(counts.byteOffset, counts.byteOffset + counts.byteLength));
  // where the counts of each cell begin
  const begins = new Uint32Array(bits.length);
  let at = 0;
  bits.forEach((mask, cell) => {
    begins[cell] = at;
    if (mask & (mask - 1)) for (let left = mask; left; left &= left - 1) at++;
  });
  return { ...frame, masks: bits, counts: numbers, begins };
}

// The states that a legend explains. While a run goes on, each that comes stands behind those that are there already, which
// stay where they are; of a run that is over, there are those alone that it has

function legendStates(explained, { masks, ended }) {
  const there = masks.reduce((all, mask) => all | mask, 0), present = LEGEND.filter((state) => there & (1 << state));
  return ended ? present : [...explained, ...present.filter((state) => !explained.includes(state))];
}

// Pairs of a state and the number of cells that are in it; one alone has no number

function statesOf({ masks, counts, begins }, cell) {
  const states = WORDS.map((_, state) => state).filter((state) => masks[cell] & (1 << state));
  return states.map((state, at) => [state, states.length > 1 ? counts[begins[cell] + at] : null]);
}

// One state, in a box. A state can be told from its shape as well as from its colour, where there is room

function paintState(pen, colors, color, state, [x, y, width, height], isWide) {
  const isRoomy = isWide && height >= LEAST_PITCH, round = isRoomy ? Math.min(3, width / 3) : 0;
  const fill = (name, opacity = 1) => {
    pen.fillStyle = colors.get(name, opacity);
    if (!round) return pen.fillRect(x, y, width, height);
    pen.beginPath();
    pen.roundRect(x, y, width, height, round);
    pen.fill();
  };
  const line = (name, width, draw, dash = []) => {
    pen.strokeStyle = colors.get(name);
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    draw();
    pen.stroke();
  };
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  if (state === IS_WAITING) fill("waiting");
  else if (state === IS_READY) fill("ready");
  else if (state === IS_FLYING) fill(color, 0.42);
  else if (state === IS_DONE) fill(color);
  else if (state === IS_KEPT) {
    fill(color);
    const stripe = Math.min(2.2, height / 3);
    pen.fillStyle = colors.get("background", 0.8);
    pen.fillRect(x, middleY - stripe / 2, width, stripe);
  }
  else if (state === HAS_FAILED) {
    fill("bad");
    const reach = Math.max(1.7, Math.min(width, height) / 5);
    if (isRoomy) {
      line("background", width < 8 ? 1.2 : 1.6, () => {
        for (const slope of [1, -1]) {
          pen.moveTo(middleX - reach, middleY - slope * reach);
          pen.lineTo(middleX + reach, middleY + slope * reach);
        }
      });
    }
  } else if (state === IS_DEFERRED) {
    fill("ready");
    pen.save();
    pen.beginPath();
    pen.rect(x, y, width, height);
    pen.clip();
    line("bad", 1.2, () => {
      for (let from = x - height; from < x + width; from += 5) {
        pen.moveTo(from, y + height);
        pen.lineTo(from + height, y);
      }
    });
    pen.restore();
  } else if (state === IS_SKIPPED) {
    fill(color, 0.16);
    line(color, 1.4, () => {
      const reach = isRoomy ? Math.min(3, width / 3) : width / 2;
      pen.moveTo(middleX - reach, middleY);
      pen.lineTo(middleX + reach, middleY);
    });
  } else if (isRoomy) {
    line("bad", 1, () => pen.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, round), [2, 2]);
  } else {
    fill("bad", 0.22);
  }
}

function takeCanvas(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}
