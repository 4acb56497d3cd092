// The page of messages shows those that are like what was pasted into its field.
document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("met");
  if (!field) return;
  const words = text => text.toLowerCase().match(/[\p{L}\d_]{2,}/gu) ?? [];
  const entries = [...document.querySelectorAll(".messages dt")].map(term => ({
    shown: [term, term.nextElementSibling],
    text: term.textContent.toLowerCase(),
    words: words(term.textContent),
  }));
  const alike = (entry, met) => {
    const typed = new Set(words(met));
    const found = entry.words.filter(word => typed.has(word)).length;
    return entry.text.includes(met) || (typed.size > 3 ? found >= 0.7 * entry.words.length
                                                       : [...typed].every(word => entry.text.includes(word)));
  };
  field.addEventListener("input", () => {
    const met = field.value.trim().toLowerCase();
    let number = 0;
    for (const entry of entries) {
      const isShown = !met || alike(entry, met);
      number += isShown;
      for (const part of entry.shown) part.hidden = !isShown;
    }
    for (const chapter of document.querySelectorAll("section:has(> .messages)"))
      chapter.hidden = !chapter.querySelector("dt:not([hidden])");
    document.getElementById("none").hidden = number > 0;
  });
});
