import { rangeWords } from "../format/time";
import { useZone } from "../state/settings";
import { type Piece, kindOf } from "./kinds";

interface VnicStripProps {
  /** The range the strip stands for. */
  from: string;
  to: string;
  /** When the vNIC lived, as its objects show; nothing if that is not known. */
  life: { first: string; last: string } | null;
  pieces: readonly Piece[];
}

/** One vNIC's time in a range: held, missing, lossy. What concerns ingress only stands in the upper half, egress in the
 * lower. The words of it stand beside, so that it is an ornament for screen readers. */
export function VnicStrip({ from, to, life, pieces }: VnicStripProps) {
  const zone = useZone();
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const place = (piece: { from: string; to: string }) => {
    const left = Math.min(1, Math.max(0, (Date.parse(piece.from) - start) / (end - start)));
    const right = Math.min(1, Math.max(0, (Date.parse(piece.to) - start) / (end - start)));
    return { left: `${left * 100}%`, width: `max(3px, ${Math.max(0, right - left) * 100}%)` };
  };
  const inside = (piece: { from: string; to: string }) => Date.parse(piece.to) > start && Date.parse(piece.from) < end;
  const held = life && { from: life.first, to: life.last };
  return (
    <div className="fg-vnic-strip" aria-hidden="true">
      {held && inside(held) && <span className="fg-piece-held" style={place(held)} />}
      {pieces.filter(inside).map((piece, index) => (
        <span
          key={index}
          className={`fg-piece fg-piece-${piece.kind} ${halfOf(piece.recordType)}`}
          style={place(piece)}
          title={`${kindOf(piece.kind).title}: ${rangeWords(piece.from, piece.to, zone)}${
            piece.recordType && piece.recordType !== "all" ? `, ${piece.recordType}` : ""
          }`}
        />
      ))}
    </div>
  );
}

function halfOf(recordType: string | null): string {
  return recordType === "ingress" ? "fg-piece-upper" : recordType === "egress" ? "fg-piece-lower" : "";
}

/** What the marks mean, of the kinds that occur. */
export function StripLegend({ kinds }: { kinds: readonly Piece["kind"][] }) {
  return (
    <ul className="fg-strip-legend">
      <li>
        <span className="fg-swatch fg-piece-held" aria-hidden="true" /> Held
      </li>
      {kinds.map((kind) => (
        <li key={kind} title={kindOf(kind).means}>
          <span className={`fg-swatch fg-piece-${kind}`} aria-hidden="true" /> {kindOf(kind).title}
        </li>
      ))}
    </ul>
  );
}
