import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { rangeWords } from "../format/time";
import { useKeys } from "../state/keys";
import { LASTS, setRange, shifted, upToNow, useScope } from "../state/range";
import { useZone } from "../state/settings";

/** The asked time: shows it in words, and offers others. */
export function RangePicker() {
  const scope = useScope();
  const zone = useZone();
  const shift = (lengths: number) => setRange(shifted(scope, lengths));
  useKeys([
    { keys: "[", does: "Earlier by the range's length", section: "Time", run: () => shift(-1) },
    { keys: "]", does: "Later by the range's length", section: "Time", run: () => shift(1) },
  ]);
  const preset = LASTS.find(({ last }) => last === scope.last);
  return (
    <div className="fg-range" role="group" aria-label="Time range">
      <button type="button" className="fg-tool" onClick={() => shift(-1)} title="Earlier ([)" aria-label="Earlier">
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
      >
        {(close) => (
          <ul className="fg-menu-list">
            {LASTS.map(({ last, words }) => (
              <li key={last}>
                <button
                  type="button"
                  aria-pressed={last === scope.last}
                  onClick={() => {
                    setRange(upToNow(last), last);
                    close();
                  }}
                >
                  {words}
                </button>
              </li>
            ))}
          </ul>
        )}
      </Menu>
      <button type="button" className="fg-tool" onClick={() => shift(1)} title="Later (])" aria-label="Later">
        <Icon name="right" />
      </button>
    </div>
  );
}
