import { CopyButton } from "../parts/CopyButton";

/** A command line with a button that copies it. */
export function Command({ line }: { line: string }) {
  return (
    <div className="fg-command">
      <code tabIndex={0} role="textbox" aria-readonly="true" aria-label="Command">
        {line}
      </code>
      <CopyButton text={() => line} what={line} icon />
    </div>
  );
}
