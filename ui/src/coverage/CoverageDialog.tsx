import type { Coverage } from "../api/types";
import { Dialog } from "../parts/Dialog";
import { type Range, instant, setRange } from "../state/range";
import { CoverageDetails } from "./CoverageDetails";

interface CoverageDialogProps {
  coverage: Coverage;
  from: string;
  to: string;
  onClose: () => void;
}

/** The details of a question's coverage. A stretch clicked becomes the range, with as much before and after. */
export default function CoverageDialog({ coverage, from, to, onClose }: CoverageDialogProps) {
  const goTo = (range: Range) => {
    const [start, end] = [Date.parse(range.from), Date.parse(range.to)];
    setRange({ from: instant(start - (end - start)), to: instant(end + (end - start)) });
    onClose();
  };
  return (
    <Dialog title="Coverage of this range" onClose={onClose}>
      <CoverageDetails coverage={coverage} from={from} to={to} onRange={goTo} />
    </Dialog>
  );
}
