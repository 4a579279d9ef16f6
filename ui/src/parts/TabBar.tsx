import { type KeyboardEvent, type ReactNode, useId } from "react";

interface TabBarProps {
  label: string;
  tabs: readonly { id: string; title: string }[];
  selected: string;
  onSelect: (id: string) => void;
  /** Tools of the selected tab, at the right. */
  tools?: ReactNode;
  children: ReactNode;
}

/** Tabs over a panel. Arrow keys move between them. */
export function TabBar({ label, tabs, selected, onSelect, tools, children }: TabBarProps) {
  const id = useId();
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const index = tabs.findIndex((tab) => tab.id === selected);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onSelect(next.id);
    document.getElementById(`${id}-${next.id}`)?.focus();
  };
  return (
    <>
      <div className="fg-tab-bar">
        <div role="tablist" aria-label={label} className="fg-tabs">
          {tabs.map((tab) => (
            <button
              key={tab.id}
              id={`${id}-${tab.id}`}
              type="button"
              role="tab"
              aria-selected={tab.id === selected}
              aria-controls={`${id}-panel`}
              tabIndex={tab.id === selected ? 0 : -1}
              onClick={() => onSelect(tab.id)}
              onKeyDown={move}
            >
              {tab.title}
            </button>
          ))}
        </div>
        {tools && <div className="fg-tab-tools">{tools}</div>}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${selected}`} className="fg-tab-panel">
        {children}
      </div>
    </>
  );
}
