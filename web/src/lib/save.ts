/** Hands a file to the browser's downloads. */
export function save(pieces: Blob[], name: string, type: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(pieces, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
