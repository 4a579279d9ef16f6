interface SegmentsProps<Id extends string> {
  /** What is chosen, for screen readers and before the choices. */
  label: string;
  choices: readonly { id: Id; title: string; doc?: string }[];
  value: string;
  onChange: (id: Id) => void;
  /** Shows the label before the choices. */
  shown?: boolean;
}

/** A few choices in a row, one of which holds. */
export function Segments<Id extends string>({ label, choices, value, onChange, shown = false }: SegmentsProps<Id>) {
  return (
    <div className="fg-segments" role="group" aria-label={label}>
      {shown && (
        <span className="fg-segments-label" aria-hidden="true">
          {label}
        </span>
      )}
      <div className="fg-segments-row">
        {choices.map(({ id, title, doc }) => (
          <button key={id} type="button" aria-pressed={id === value} title={doc} onClick={() => onChange(id)}>
            {title}
          </button>
        ))}
      </div>
    </div>
  );
}
