// Looks for the number that <form data-work="token" data-bits="17"> asks for, in small slices while somebody types, and
// puts it into the form's entry "work". Sent before it is found, the form waits for it; without script nothing is asked.
"use strict";

const K = new Uint32Array(64);
const FIRST = new Uint32Array(8);
(function constants() {
  const part = (number) => ((number - Math.floor(number)) * 4294967296) | 0;
  for (let found = 0, candidate = 2; found < 64; candidate++) {
    let prime = true;
    for (let by = 2; by * by <= candidate; by++) if (candidate % by === 0) { prime = false; break; }
    if (!prime) continue;
    if (found < 8) FIRST[found] = part(Math.sqrt(candidate));
    K[found++] = part(Math.cbrt(candidate));
  }
})();

const W = new Uint32Array(64);
function block(state, bytes, at) {
  for (let i = 0; i < 16; i++, at += 4) W[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

// With how many zeros the SHA-256 of a text of ASCII begins; up to 32 of them are told.
function zeros(text) {
  const length = text.length, bytes = new Uint8Array(((length + 72) >> 6) << 6);
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
  bytes[length] = 128;
  new DataView(bytes.buffer).setUint32(bytes.length - 4, length * 8);
  const state = Uint32Array.from(FIRST);
  for (let at = 0; at < bytes.length; at += 64) block(state, bytes, at);
  return Math.clz32(state[0]);
}

function attend(form) {
  const { work: token, bits } = form.dataset;
  const entry = form.elements.namedItem("work");
  if (entry.value) return; // it was found when the form was sent before
  let number = 0, held = null;

  function slice() {
    const until = performance.now() + 12;
    do {
      if (zeros(`${token}.${number}`) >= Number(bits)) { found(); return; }
      number++;
    } while (performance.now() < until);
    setTimeout(slice, held ? 0 : 20);
  }

  function found() {
    entry.value = String(number);
    if (!held) return;
    const by = held.by;
    held = null;
    form.removeAttribute("aria-busy");
    form.requestSubmit(by);
  }

  form.addEventListener("submit", (event) => {
    if (entry.value) return;
    event.preventDefault();
    if (held) return;
    held = { by: event.submitter };
    form.setAttribute("aria-busy", "true");
  });
  setTimeout(slice, 300); // the page is drawn first
}

document.querySelectorAll("form[data-work]").forEach(attend);
