// Before the first paint, so that nothing flashes or moves: theme, first steps put away, the one panel of an embedded
// page. Then the engine starts, which the page's own script takes over (first-engine.ts).
const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => {
  root.dataset.theme = root.dataset.chosen ?? (dark.matches ? 'dark' : 'light');
};
try {
  const theme = localStorage.getItem('plena.theme');
  if (theme === 'light' || theme === 'dark') root.dataset.chosen = theme;
  if (localStorage.getItem('plena.begun')) root.dataset.begun = '';
} catch {
  // Without storage the system's theme holds.
}
follow();
dark.addEventListener('change', follow);
new MutationObserver(follow).observe(root, { attributeFilter: ['data-chosen'] });
const embed = /[?&]embed=(listing|graph|timeline|run)(&|$)/.exec(location.search);
if (embed) root.dataset.embed = embed[1];
const engine = document.currentScript?.dataset.engine;
if (engine && !embed)
  try {
    const worker = new Worker(engine, { type: 'module', name: 'engine' });
    const heard = [];
    worker.onmessage = (event) => heard.push(['onmessage', event]);
    worker.onerror = (event) => heard.push(['onerror', event]);
    globalThis.plenaEngine = { worker, heard };
  } catch {
    // The page's own script says what is wrong.
  }
