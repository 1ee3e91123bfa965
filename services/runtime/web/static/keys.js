// Quick with the keyboard: in a group marked data-keys the digits tick its choices, and Ctrl+Enter sends the form one is
// in. A digit counts only while the focus is on a choice of that group. Without this script Tab and Space do the same.
"use strict";

addEventListener("keydown", (event) => {
  const at = event.target;
  if (!(at instanceof HTMLElement) || event.altKey || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = at.closest("form");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || !at.matches("input[type=checkbox], input[type=radio]")) return;
  const group = at.closest("[data-keys]");
  if (!group || !/^[1-9]$/.test(event.key)) return;
  const choice = group.querySelectorAll("input[type=checkbox], input[type=radio]")[Number(event.key) - 1];
  if (!choice) return;
  event.preventDefault();
  choice.focus();
  choice.click();
});
