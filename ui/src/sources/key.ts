//! Keys of flow-log objects, in few words.

export interface KeyWords {
  /** What tells it from others: `0717-… ingress 2026-11-23 07h`, or its last folders. */
  place: string;
  /** Its file name. */
  file: string;
}

/** The parts of a key that people tell objects apart by. */
export function keyWords(key: string): KeyWords {
  const folders = key.split("/");
  const file = folders.pop() ?? key;
  const named = new Map(folders.map((folder) => folder.split(/=(.*)/s, 2) as [string, string | undefined]));
  const [vnic, kind, year, month, day, hour] = ["vnic-id", "record-type", "year", "month", "day", "hour"].map((name) =>
    named.get(name),
  );
  const date = year && month && day ? `${year}-${month}-${day}${hour ? ` ${hour} h UTC` : ""}` : undefined;
  const words = [vnic, kind, date].filter((word) => word !== undefined);
  return { place: words.length > 0 ? words.join(" · ") : folders.slice(-2).join("/"), file };
}
