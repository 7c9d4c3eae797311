// Before the first paint, so that nothing flashes: the chosen theme, and the one panel that another page shows.
try {
  const theme = localStorage.getItem('plena.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the system's theme holds.
}
const embed = /[?&]embed=(listing|graph|timeline|run)(&|$)/.exec(location.search);
if (embed) document.documentElement.dataset.embed = embed[1];
