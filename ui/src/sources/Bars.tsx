import { exact } from "../format/number";
import { minute } from "../format/time";
import { useZone } from "../state/settings";

interface BarsProps {
  values: readonly number[];
  /** Start of the first minute. */
  from: string;
  /** What they count: `objects`. */
  of: string;
}

const HEIGHT = 28;

/** A bar a minute. What is not nothing can be seen, however small. */
export function Bars({ values, from, of }: BarsProps) {
  const zone = useZone();
  const most = Math.max(1, ...values);
  const start = Date.parse(from);
  return (
    <svg
      className="fg-bars"
      viewBox={`0 0 ${values.length} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${of} a minute in the last ${values.length} minutes, at most ${exact(Math.max(0, ...values))}`}
    >
      {values.map((value, index) => {
        const height = value === 0 ? 1 : Math.max(4, (value / most) * HEIGHT);
        return (
          <rect
            key={index}
            className={value === 0 ? "fg-bar-none" : "fg-bar"}
            x={index + 0.1}
            y={HEIGHT - height}
            width={0.8}
            height={height}
          >
            <title>{`${minute(start + index * 60_000, zone)}: ${exact(value)} ${of}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
