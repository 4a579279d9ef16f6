interface RingProps {
  parts: readonly { id: string; value: number; colour: string }[];
  /** The part that is pointed at. */
  over: number | null;
  onOver: (place: number | null) => void;
  title: string;
  note: string;
}

const RADIUS = 74;
const ROUND = 2 * Math.PI * RADIUS;
/** Degrees left between parts, so that they are told apart without colour. */
const GAP = 1.4;

/** A ring of parts with a number in its middle. The list beside it says the same in words. */
export function Ring({ parts, over, onOver, title, note }: RingProps) {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const starts = parts.map((_, place) => parts.slice(0, place).reduce((sum, { value }) => sum + value, 0));
  return (
    <svg className="fg-ring" viewBox="-100 -100 200 200" aria-hidden="true">
      {parts.map(({ id, value, colour }, place) => {
        const length = Math.max(0.5, (value / total) * ROUND - (parts.length > 1 ? GAP : 0));
        return (
          <circle
            key={id}
            r={RADIUS}
            fill="none"
            strokeWidth={over === place ? 34 : 28}
            stroke={`var(${colour})`}
            strokeDasharray={`${length} ${ROUND - length}`}
            transform={`rotate(${((starts[place] ?? 0) / total) * 360 - 90})`}
            opacity={over === null || over === place ? 1 : 0.45}
            onPointerEnter={() => onOver(place)}
            onPointerLeave={() => onOver(null)}
          />
        );
      })}
      <text className="fg-ring-title" y="-2" textAnchor="middle">
        {title}
      </text>
      <text className="fg-ring-note" y="17" textAnchor="middle">
        {note}
      </text>
    </svg>
  );
}
