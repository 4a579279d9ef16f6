import { useEffect, useState } from "react";

import { Icon } from "./Icon";

interface CopyButtonProps {
  text: () => string;
  /** What is copied: `query`, `JSON`. */
  what: string;
  /** Only the icon. */
  icon?: boolean;
}

/** Copies a text and says so. */
export function CopyButton({ text, what, icon = false }: CopyButtonProps) {
  const [done, setDone] = useState<"" | "copied" | "failed">("");
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(""), 1500);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = () => {
    copyText(text()).then(
      () => setDone("copied"),
      () => setDone("failed"),
    );
  };
  return (
    <button
      type="button"
      className={icon ? "fg-tool" : "fg-button"}
      onClick={copy}
      title={`Copy ${what}`}
      aria-label={`Copy ${what}`}
    >
      <Icon name={done === "copied" ? "check" : "copy"} size={14} />
      {!icon && (done === "" ? `Copy ${what}` : done === "copied" ? "Copied" : "Not allowed")}
      <span className="fg-sr" role="status">
        {done}
      </span>
    </button>
  );
}

/** Puts a text on the clipboard; over plain HTTP off loopback, browsers know only the old way. */
export async function copyText(text: string): Promise<void> {
  // Not there on pages that are not secure.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) return clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "fg-sr";
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("copying is not allowed");
}
