// Files of the models that are shipped with the page.
const urls = import.meta.glob<string>('./generated/models/**', {
  query: '?url',
  import: 'default',
  eager: true,
});

export async function fetchFile(file: string): Promise<Uint8Array> {
  const url = urls[`./generated/models/${file}`];
  if (!url) throw new Error(`there is no ${file}`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
