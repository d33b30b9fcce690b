"use strict";
// Numbers as people write them: the grammar of forgetting/config/amounts.py.
const amounts = (() => {
  const POWERS = { "": 0, k: 3, m: 6, b: 9, g: 9, t: 12 };
  const APART = "[, _'’\u00a0\u2009\u202f]";
  const GRAMMAR = new RegExp(
    `^(-?)([1-9]\\d{0,2}(?:${APART}\\d{3})+|\\d+(?:_\\d+)*|)` +
    "(?:\\.(\\d*))?(?:e([+-]?\\d{1,3}))?\\s*([kmbgt]?)\\s*(%?)$", "i");

  // 400k, 1.2M, 1e6, 1,000, 5% -> { value, percent }; null: it is no number.
  function read(text) {
    const found = GRAMMAR.exec(text.trim().replace(/[−–]/g, "-")
      .replace(/\+/g, ""));
    if (!found || !(found[2] || found[3])) return null;
    const [, sign, whole, part, power, unit, percent] = found;
    const e = POWERS[unit.toLowerCase()] + Number(power ?? 0);
    const digits = `${sign}${whole.replace(/\D/g, "") || "0"}.${part || "0"}`;
    return { value: Number(`${digits}e${e}`), percent: percent === "%" };
  }

  return { read };
})();
