import { type KeyboardEvent, useMemo, useRef, useState } from "react";

export interface FieldChoice {
  id: string;
  title: string;
  doc: string;
}

interface FieldListProps {
  /** What is chosen: `a field to group by`. */
  what: string;
  choices: readonly FieldChoice[];
  onChoose: (id: string) => void;
}

/** A list of fields that is narrowed by typing. Arrow keys move in it, Enter takes the first. */
export function FieldList({ what, choices, onChoose }: FieldListProps) {
  const [text, setText] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const found = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const inTitle = choices.filter(({ title }) => title.toLowerCase().includes(wanted));
    return [...inTitle, ...choices.filter((one) => !inTitle.includes(one) && one.doc.toLowerCase().includes(wanted))];
  }, [choices, text]);
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
  };
  return (
    // The keys of the list work wherever the focus is in it.
    <div className="fg-field-list" onKeyDown={move} role="group" aria-label={`Choose ${what}`}>
      <input
        type="search"
        className="fg-input"
        placeholder="Find a field"
        aria-label={`Find ${what}`}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          const first = found[0];
          if (event.key === "Enter" && first) onChoose(first.id);
        }}
      />
      <ul ref={list} className="fg-menu-list">
        {found.map(({ id, title, doc }) => (
          <li key={id}>
            <button type="button" onClick={() => onChoose(id)}>
              <span className="fg-mono">{title}</span>
              <span className="fg-dim">{doc}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="fg-dim">No field is called so.</p>}
    </div>
  );
}
