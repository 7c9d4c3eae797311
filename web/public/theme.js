// Before the first paint, so that nothing flashes: the chosen theme or the system's, and the one panel that
// another page shows.
const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => {
  root.dataset.theme = root.dataset.chosen ?? (dark.matches ? 'dark' : 'light');
};
try {
  const theme = localStorage.getItem('plena.theme');
  if (theme === 'light' || theme === 'dark') root.dataset.chosen = theme;
} catch {
  // Without storage the system's theme holds.
}
follow();
dark.addEventListener('change', follow);
new MutationObserver(follow).observe(root, { attributeFilter: ['data-chosen'] });
const embed = /[?&]embed=(listing|graph|timeline|run)(&|$)/.exec(location.search);
if (embed) root.dataset.embed = embed[1];
