// Hands a file to the browser's downloads.
export function save(pieces: BlobPart[], name: string, type: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(pieces, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** What a file can be called after something of any name. */
export const fileName = (name: string) => name.replace(/[^\w.-]+/g, '_');
