import type { Coverage } from "../api/types";
import { useNames } from "../api/names";
import { count, percent } from "../format/number";
import { ago, dateTime, length, rangeWords } from "../format/time";
import { PageLink } from "../parts/PageLink";
import type { Range } from "../state/range";
import { useZone } from "../state/settings";
import { KINDS, type Piece, kindOf, piecesOf, secondsOf } from "./kinds";
import { StripLegend, VnicStrip } from "./VnicStrip";

interface CoverageDetailsProps {
  coverage: Coverage;
  /** The range that was asked. */
  from: string;
  to: string;
  /** Asked for when a stretch is to be looked at. */
  onRange?: ((range: Range) => void) | undefined;
  /** Leaves the strips out, where they stand beside already. */
  brief?: boolean;
}

/** What is missing, lossy, quarantined or before retention in a range, vNIC by vNIC, and what each of it means. */
export function CoverageDetails({ coverage, from, to, onRange, brief = false }: CoverageDetailsProps) {
  const zone = useZone();
  const names = useNames();
  const pieces = piecesOf(coverage);
  const kinds = KINDS.filter(({ id }) => pieces.some(({ kind }) => kind === id));
  const untold = coverage.gap_count - coverage.gaps.length + (coverage.lossy_windows - coverage.lossy.length);
  const lives = new Map(coverage.vnics.map((vnic) => [vnic.vnic_id, vnic]));
  return (
    <div className="fg-coverage-details">
      <p className="fg-coverage-sum">{sumWords(coverage)}</p>
      <p className="fg-dim">
        {rangeWords(from, to, zone)}
        {coverage.last_listed !== null
          ? ` · source last listed ${ago(coverage.last_listed)}`
          : " · no source was ever listed"}
        {coverage.held_from !== null && coverage.held_to !== null &&
          ` · the lake holds ${rangeWords(coverage.held_from, coverage.held_to, zone)}`}
      </p>

      {!brief && coverage.vnics.length > 0 && (
        <section aria-label="vNICs">
          <ul className="fg-vnic-list">
            {coverage.vnics.map((vnic) => (
              <li key={vnic.vnic_id ?? ""}>
                <div className="fg-vnic-line">
                  <span className="fg-vnic-name">
                    <strong>{names.id(vnic.vnic_id)}</strong> <code>{vnic.vnic_id ?? "no vNIC named"}</code>
                  </span>
                  <span>
                    {vnic.fraction === null ? "did not live in this range" : `${percent(vnic.fraction)} covered`}
                    {vnic.silent_since !== null && (
                      <span className="fg-mark-silent"> · silent since {dateTime(vnic.silent_since, zone)}</span>
                    )}
                  </span>
                </div>
                <VnicStrip
                  from={from}
                  to={to}
                  life={lives.get(vnic.vnic_id) ?? null}
                  pieces={pieces.filter(({ vnic: id }) => id === vnic.vnic_id)}
                />
              </li>
            ))}
          </ul>
          {coverage.vnic_count > coverage.vnics.length && (
            <p className="fg-dim">The {coverage.vnics.length} least covered of {coverage.vnic_count} vNICs.</p>
          )}
          <StripLegend kinds={kinds.map(({ id }) => id)} />
        </section>
      )}

      {pieces.length === 0 ? (
        coverage.fraction !== null && <p>No stretch is missing, and no window lost records.</p>
      ) : (
        <Pieces pieces={pieces} onRange={onRange} nameOf={names.id} />
      )}
      {untold > 0 && <p className="fg-dim">{count(untold, "more stretch", "more stretches")}, all shorter or older.</p>}
    </div>
  );
}

/** The sum in a sentence. */
function sumWords(coverage: Coverage): string {
  if (coverage.fraction === null) {
    return coverage.held_from === null ? "The lake holds nothing yet." : "No vNIC wrote anything in this range.";
  }
  const of = count(coverage.vnic_count, coverage.pinned ? "asked vNIC" : "vNIC");
  if (coverage.fraction === 1) return `All of the time of ${of} is covered.`;
  return `${percent(coverage.fraction)} of the time of ${of} is covered.`;
}

function Pieces({ pieces, onRange, nameOf }: {
  pieces: readonly Piece[];
  onRange: CoverageDetailsProps["onRange"];
  nameOf: (id: string | null) => string | undefined;
}) {
  const zone = useZone();
  return (
    <>
      {KINDS.map((kind) => {
        const mine = pieces.filter((piece) => piece.kind === kind.id);
        if (mine.length === 0) return null;
        return (
          <section key={kind.id} className="fg-pieces" aria-label={kind.title}>
            <h3>
              <span className={`fg-swatch fg-piece-${kind.id}`} aria-hidden="true" /> {kind.title}
              <span className="fg-dim">
                {" "}
                · {count(mine.length, "stretch", "stretches")}, {length(secondsOf(mine) * 1000)}
              </span>
            </h3>
            <p className="fg-dim">
              {kind.means}
              {kind.id === "quarantined" && (
                <>
                  {" "}
                  <PageLink page="/sources" patch={{ show: "quarantine" }}>
                    Open the quarantine
                  </PageLink>
                </>
              )}
            </p>
            <ul>
              {mine.slice(0, 20).map((piece) => (
                <li key={`${piece.vnic}${piece.recordType}${piece.from}`}>
                  <span>
                    {rangeWords(piece.from, piece.to, zone)}
                    <span className="fg-dim"> ({length(Date.parse(piece.to) - Date.parse(piece.from))})</span>
                  </span>
                  <span className="fg-dim">
                    {nameOf(piece.vnic) ?? piece.vnic ?? "no vNIC named"}
                    {piece.recordType && piece.recordType !== "all" ? `, ${piece.recordType}` : ""}
                  </span>
                  {onRange && (
                    <button
                      type="button"
                      className="fg-link"
                      aria-label={`Go to ${kindOf(piece.kind).title}, ${rangeWords(piece.from, piece.to, zone)}`}
                      onClick={() => onRange({ from: piece.from, to: piece.to })}
                    >
                      Go there
                    </button>
                  )}
                </li>
              ))}
            </ul>
            {mine.length > 20 && <p className="fg-dim">{count(mine.length - 20, "more", "more")}</p>}
          </section>
        );
      })}
    </>
  );
}
