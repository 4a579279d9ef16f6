import { useState } from "react";

import { useFields } from "../api/fields";
import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { copyText } from "../parts/CopyButton";
import type { Scope } from "../state/range";
import { fieldsOf } from "./columns";
import { useLayout } from "./layout";
import { type ExportFormat, cliCommand, curlCommand, download } from "./share";

/** Copies the question in several forms, and exports its records. */
export function ShareMenu({ scope, zone }: { scope: Scope; zone: string }) {
  const fields = useFields();
  const { columns } = useLayout(fields);
  const [said, setSaid] = useState("");
  const tell = (what: string) => {
    setSaid(what);
    setTimeout(() => setSaid(""), 2500);
  };
  const copies = [
    { words: "Copy link", note: "query, absolute range and layout", text: () => window.location.href },
    { words: "Copy query", note: "for a colleague's box", text: () => scope.query || "*" },
    { words: "Copy as curl", note: "the HTTP API", text: () => curlCommand(scope) },
    { words: "Copy as command", note: "flowglass search", text: () => cliCommand(scope) },
    {
      words: "Copy as JSON",
      note: "the question, for POST /api/v1/search",
      text: () => JSON.stringify({ query: scope.query, from: scope.from, to: scope.to, limit: 100 }, null, 2),
    },
  ];
  const exports: { words: string; note: string; format: ExportFormat; all: boolean }[] = [
    { words: "Export CSV", note: "shown fields, all matches", format: "csv", all: false },
    { words: "Export CSV, every field", note: "all matches", format: "csv", all: true },
    { words: "Export NDJSON", note: "every field, all matches", format: "ndjson", all: true },
  ];
  return (
    <Menu
      label={
        <>
          <Icon name="export" />
          <span className="fg-wide">{said || "Share"}</span>
        </>
      }
      name="Share and export"
      align="end"
      quiet
    >
      {(close) => (
        <ul className="fg-menu-list">
          {copies.map(({ words, note, text }) => (
            <li key={words}>
              <button
                type="button"
                onClick={() => {
                  copyText(text()).then(
                    () => tell("Copied"),
                    () => tell("Not allowed"),
                  );
                  close();
                }}
              >
                {words} <span className="fg-dim">{note}</span>
              </button>
            </li>
          ))}
          <li role="separator" className="fg-menu-line" />
          {exports.map(({ words, note, format, all }) => (
            <li key={words}>
              <button
                type="button"
                onClick={() => {
                  download(scope, zone, format, all ? [] : fieldsOf(columns)).catch((error: unknown) =>
                    tell(error instanceof Error ? error.message : "Failed"),
                  );
                  close();
                }}
              >
                {words} <span className="fg-dim">{note}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Menu>
  );
}
