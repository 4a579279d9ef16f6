import { type ReactNode, useEffect, useId, useRef, useState } from "react";

import { Icon } from "./Icon";

interface MenuProps {
  /** What the button shows. */
  label: ReactNode;
  /** Its name for screen readers. */
  name: string;
  /** What opens below it. */
  children: (close: () => void) => ReactNode;
  /** Which edge of the button the panel keeps to. */
  align?: "start" | "end";
  className?: string;
  /** Without a border, as in a row of tools. */
  quiet?: boolean;
}

/** A button with a panel below. Escape, or a click or focus elsewhere, closes it. */
export function Menu({ label, name, children, align = "start", className = "", quiet = false }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      root.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    document.addEventListener("keydown", escape);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
      document.removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div className={`fg-menu ${className}`} ref={root}>
      <button
        type="button"
        className={quiet ? "fg-tool" : "fg-button"}
        aria-expanded={open}
        aria-controls={id}
        aria-label={quiet ? name : undefined}
        title={name}
        onClick={() => setOpen((was) => !was)}
      >
        {label}
        {!quiet && <Icon name="down" size={12} />}
      </button>
      {open && (
        // It takes the focus of a click between its parts, which would go elsewhere and close it.
        <div className={`fg-panel fg-panel-${align}`} id={id} role="group" aria-label={name} tabIndex={-1}>
          {children(() => setOpen(false))}
        </div>
      )}
    </div>
  );
}
