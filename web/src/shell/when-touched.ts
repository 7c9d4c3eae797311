// A page inside another one waits for somebody who wants it.
const TOUCHES = ['pointerdown', 'keydown'] as const;

export function whenTouched(action: () => void) {
  const once = () => {
    for (const kind of TOUCHES) removeEventListener(kind, once, true);
    action();
  };
  for (const kind of TOUCHES) addEventListener(kind, once, true);
}
