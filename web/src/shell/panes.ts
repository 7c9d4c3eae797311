// From pane to pane by the keyboard.

export function cyclePane(backwards: boolean) {
  const panes = [...document.querySelectorAll<HTMLElement>('.pane')].filter(
    (one) => one.offsetParent !== null,
  );
  const here = panes.findIndex((one) => one.contains(document.activeElement));
  const next = panes.at((here + (backwards ? -1 : 1)) % panes.length) ?? panes[0];
  next?.focus();
}
