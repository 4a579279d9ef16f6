import type { EditorView } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";

import { ask } from "../api/client";
import { isAbort } from "../api/problem";
import type { ExplainAnswer } from "../api/types";
import { Icon } from "../parts/Icon";
import { sentence } from "../parts/ProblemBox";
import { useKeys } from "../state/keys";
import { setQuery, useScope } from "../state/range";
import { useZone } from "../state/settings";
import { createEditor, setText, showExplanation } from "./editor";
import { QueryHistory, QueryReading } from "./QueryTools";
import { recentQueries, rememberQuery } from "./recent";

/** Pause in typing after which a query that is understood is asked. */
const SETTLE = 600;

interface QueryBoxProps {
  /** Told what the text in the box means, with every change. */
  onExplained?: (answer: ExplainAnswer | null) => void;
}

/** The query. What is typed is asked once it is understood and typing pauses, or with Enter. */
export function QueryBox({ onExplained }: QueryBoxProps) {
  const { query } = useScope();
  const zone = useZone();
  const [text, setDraft] = useState(query);
  const [explained, setExplained] = useState<ExplainAnswer | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | null>(null);
  const run = useRef<() => void>(() => undefined);
  const recalled = useRef(-1);

  useEffect(() => {
    run.current = () => {
      rememberQuery(text);
      recalled.current = -1;
      setQuery(text);
    };
  });

  useEffect(() => {
    if (!place.current) return;
    const view = createEditor(place.current, {
      text: new URLSearchParams(window.location.search).get("q") ?? "",
      hint: "Search: 10.240.0.4 action:rejected -target_port:443",
      label: "Query",
      onChange: setDraft,
      onRun: () => run.current(),
      recall: (step) => {
        const queries = recentQueries();
        const next = recalled.current - step;
        if (next >= queries.length || next < -1) return undefined;
        recalled.current = next;
        return next === -1 ? "" : queries[next];
      },
    });
    editor.current = view;
    return () => view.destroy();
  }, []);

  // The address changed by other means than typing: a click on a value, going back.
  useEffect(() => {
    if (editor.current) setText(editor.current, query);
  }, [query]);

  useEffect(() => {
    const abort = new AbortController();
    let asked: ReturnType<typeof setTimeout> | undefined;
    const look = setTimeout(() => {
      ask("/api/v1/explain", { query: text, tz: zone }, abort.signal)
        .then((answer) => {
          if (editor.current) showExplanation(editor.current, text, answer);
          setExplained(answer);
          const applied = new URLSearchParams(window.location.search).get("q") ?? "";
          if (answer.error || text === applied) return;
          asked = setTimeout(() => setQuery(text, { replace: true }), SETTLE);
        })
        .catch((error: unknown) => {
          if (!isAbort(error)) setExplained(null);
        });
    }, 60);
    return () => {
      clearTimeout(look);
      clearTimeout(asked);
      abort.abort();
    };
  }, [text, zone]);

  useEffect(() => onExplained?.(explained), [explained, onExplained]);

  useKeys([{ keys: "/", does: "Write the query", section: "Query", run: () => editor.current?.focus() }]);

  const wrong = explained?.error;
  return (
    <div className="fg-query">
      <div className={`fg-query-box ${wrong ? "fg-query-bad" : ""}`}>
        <div className="fg-query-place" ref={place} />
        <div className="fg-query-tools">
          {text !== "" && (
            <button
              type="button"
              className="fg-tool"
              onClick={() => setQuery("")}
              title="Clear"
              aria-label="Clear the query"
            >
              <Icon name="close" size={14} />
            </button>
          )}
          <QueryReading explained={explained} />
          <QueryHistory />
        </div>
      </div>
      {wrong && (
        <p className="fg-query-says" role="alert">
          <strong>{sentence(wrong.message)}</strong> {wrong.hint && sentence(wrong.hint)}
        </p>
      )}
      {!wrong &&
        explained?.notes.map((note) => (
          <p className="fg-query-says fg-query-note" key={note.message}>
            {sentence(note.message)} {note.hint && sentence(note.hint)}
          </p>
        ))}
    </div>
  );
}
