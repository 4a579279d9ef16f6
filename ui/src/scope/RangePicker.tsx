import { TextInput } from "@carbon/react";
import { type SyntheticEvent, useEffect, useState } from "react";

import { ask } from "../api/client";
import { isAbort } from "../api/problem";
import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { sentence } from "../parts/ProblemBox";
import { dateTime, length, rangeWords, zoneLabel } from "../format/time";
import { useKeys } from "../state/keys";
import { LASTS, type Range, instant, setRange, shifted, upToNow, useScope, widened } from "../state/range";
import { useZone } from "../state/settings";

/** The asked time: shows it in words, and offers others: relative, absolute, in words, or a jump to an instant. */
export function RangePicker() {
  const scope = useScope();
  const zone = useZone();
  const shift = (lengths: number) => setRange(shifted(scope, lengths));
  useKeys([
    { keys: "[", does: "Earlier by the range's length", section: "Time", run: () => shift(-1) },
    { keys: "]", does: "Later by the range's length", section: "Time", run: () => shift(1) },
    { keys: "-", does: "Twice the range", section: "Time", run: () => setRange(widened(scope)) },
  ]);
  const preset = LASTS.find(({ last }) => last === scope.last);
  const size = length(Date.parse(scope.to) - Date.parse(scope.from));
  return (
    <div className="fg-range" role="group" aria-label="Time range">
      <button
        type="button"
        className="fg-tool"
        onClick={() => shift(-1)}
        title={`${size} earlier ([)`}
        aria-label="Earlier"
      >
        <Icon name="left" />
      </button>
      <Menu
        label={
          <>
            <Icon name="clock" />
            <span className="fg-range-words">
              {preset && <strong>{preset.words}</strong>} {rangeWords(scope.from, scope.to, zone)}
            </span>
          </>
        }
        name="Time range"
        align="end"
      >
        {(close) => <Choices scope={scope} zone={zone} close={close} />}
      </Menu>
      <button type="button" className="fg-tool" onClick={() => shift(1)} title={`${size} later (])`} aria-label="Later">
        <Icon name="right" />
      </button>
    </div>
  );
}

interface ChoicesProps {
  scope: Range & { last: string | null };
  zone: string;
  close: () => void;
}

function Choices({ scope, zone, close }: ChoicesProps) {
  const [words, setWords] = useState("");
  const [from, setFrom] = useState(dateTime(scope.from, zone));
  const [to, setTo] = useState(dateTime(scope.to, zone));
  const inWords = useRead(words, zone, scope);
  const absolute = useRead(`${from} to ${to}`, zone, scope);
  const use = (range: Range | undefined) => (event: SyntheticEvent) => {
    event.preventDefault();
    if (!range) return;
    setRange(range);
    close();
  };
  return (
    <div className="fg-ranges">
      <ul className="fg-menu-list" aria-label="Up to now">
        {LASTS.map(({ last, words: name }) => (
          <li key={last}>
            <button
              type="button"
              aria-pressed={last === scope.last}
              onClick={() => {
                setRange(upToNow(last), last);
                close();
              }}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
      <div className="fg-ranges-own">
        <form onSubmit={use(inWords.range)}>
          <TextInput
            id="range-words"
            size="sm"
            labelText="In words, or jump to an instant"
            placeholder="yesterday 10am to 11am"
            value={words}
            onChange={(event) => setWords(event.target.value)}
            invalid={words.trim() !== "" && inWords.problem !== undefined}
            invalidText={inWords.problem}
            helperText={
              words.trim() === "" || !inWords.range
                ? "last friday · 2 days ago · Oct 6 at 5pm · since yesterday"
                : rangeWords(inWords.range.from, inWords.range.to, zone)
            }
            autoComplete="off"
            autoFocus
          />
          <button type="submit" className="fg-button" disabled={!inWords.range || words.trim() === ""}>
            Go
          </button>
        </form>
        <form onSubmit={use(absolute.range)}>
          <TextInput
            id="range-from"
            size="sm"
            labelText={`From (${zoneLabel(zone)})`}
            value={from}
            onChange={(event) => setFrom(event.target.value)}
            autoComplete="off"
          />
          <TextInput
            id="range-to"
            size="sm"
            labelText="To, not included"
            value={to}
            onChange={(event) => setTo(event.target.value)}
            invalid={absolute.problem !== undefined}
            invalidText={absolute.problem}
            autoComplete="off"
          />
          <button type="submit" className="fg-button" disabled={!absolute.range}>
            Apply
          </button>
        </form>
      </div>
    </div>
  );
}

interface Read {
  range?: Range;
  problem?: string;
}

/** Reads a range in words as the server does. An instant becomes a range of the length asked now, around it; an open
 * end is now. */
function useRead(text: string, zone: string, scope: Range): Read {
  const [read, setRead] = useState<Read>({});
  const size = Date.parse(scope.to) - Date.parse(scope.from);
  useEffect(() => {
    const abort = new AbortController();
    const timer = setTimeout(() => {
      if (text.trim() === "") {
        setRead({});
        return;
      }
      ask("/api/v1/range", { text, tz: zone }, abort.signal)
        .then(({ range, error }) => {
          if (!range) {
            setRead({ problem: sentence(error?.message ?? "Not understood") });
            return;
          }
          const { from, to } = range;
          const open = /^\s*(since|from|after)\b/i.test(text);
          if (from !== null && to !== null) setRead({ range: { from, to } });
          else if (from !== null && open)
            setRead({ range: { from, to: instant(Math.ceil(Date.now() / 1000) * 1000) } });
          else if (from !== null) {
            const start = Date.parse(from) - size / 2;
            setRead({ range: { from: instant(start), to: instant(start + size) } });
          } else if (to !== null) {
            setRead({ range: { from: instant(Date.parse(to) - size), to } });
          } else setRead({ problem: "Say a start or an end." });
        })
        .catch((error: unknown) => {
          if (!isAbort(error)) setRead({ problem: "The server does not answer." });
        });
    }, 120);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, zone, size]);
  return read;
}
