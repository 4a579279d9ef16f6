//! Places in a query: the API counts bytes of UTF-8, the browser UTF-16 units.

const encoder = new TextEncoder();

/** Makes a function from byte offsets of a text to its string offsets. */
export function byteOffsets(text: string): (bytes: number | undefined) => number {
  if (/^[\x00-\x7f]*$/.test(text)) return (bytes = 0) => Math.min(bytes, text.length);
  const offsets: number[] = [];
  let index = 0;
  for (const letter of text) {
    const size = encoder.encode(letter).length;
    for (let byte = 0; byte < size; byte++) offsets.push(index);
    index += letter.length;
  }
  offsets.push(index);
  return (bytes = 0) => offsets[Math.min(bytes, offsets.length - 1)] ?? 0;
}

/** Length in bytes of a text's start. */
export function bytesBefore(text: string, offset: number): number {
  return encoder.encode(text.slice(0, offset)).length;
}
