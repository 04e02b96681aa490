"use strict";
(() => {
  // light, dark, or as the system has it; kept where the browser lets a file keep something
  const root = document.documentElement, button = document.getElementById("theme"), themes = ["auto", "light", "dark"];
  const show = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = "Theme: " + theme;
  };
  let theme = "auto";
  try { theme = localStorage.getItem("nncli-theme") || "auto"; } catch (refused) { /* not kept */ }
  show(themes.includes(theme) ? theme : "auto");
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % 3];
    show(theme);
    try { localStorage.setItem("nncli-theme", theme); } catch (refused) { /* not kept */ }
  });
})();
