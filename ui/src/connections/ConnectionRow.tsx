import type { Names } from "../api/names";
import type { ConnectionSummary } from "../api/types";
import { bytes, exact } from "../format/number";
import { clock, dateTime, length } from "../format/time";
import { FilterValue } from "../parts/FilterValue";
import { Icon } from "../parts/Icon";
import { go } from "../state/url";
import { ConnectionDetails } from "./ConnectionDetails";
import { endBy, endTitle, lasted } from "./words";

interface ConnectionRowProps {
  connection: ConnectionSummary;
  open: boolean;
  /** The row in the address: one of its records, when it is open. */
  row: string | null;
  names: Names;
  zone: string;
}

/** A connection in a line; below it, when it is open, its windows. */
export function ConnectionRow({ connection, open, row, names, zone }: ConnectionRowProps) {
  const { start, end, state, transport_protocol: protocol } = connection;
  const lossy = connection.sides.some((side) => side.lossy);
  const least = lossy ? "≥ " : "";
  const packets = connection.packets_from_initiator + connection.packets_from_target;
  const day = dateTime(start, zone).slice(0, 10);
  return (
    <>
      <tr className={open ? "fg-conn-is-open" : undefined}>
        <th scope="row">
          <button
            type="button"
            className="fg-conn-open"
            aria-expanded={open}
            title={`${dateTime(start, zone, true)} to ${dateTime(end, zone, true)}`}
            onClick={() => go({ open: open ? null : connection.id }, { replace: true })}
          >
            <Icon name={open ? "down" : "right"} size={12} />
            <span className="fg-mono">
              <span className="fg-dim">{day.slice(5)}</span> {clock(start, zone)}
            </span>
          </button>
        </th>
        <td className="fg-number fg-conn-length">{lasted(connection) === 0 ? "< 1 s" : length(lasted(connection))}</td>
        <td className="fg-conn-initiator">
          <Side name="initiator" connection={connection} names={names} />
        </td>
        <td className="fg-conn-target">
          <Side name="target" connection={connection} names={names} />
        </td>
        <td className="fg-conn-more-room">
          {protocol === null ? (
            "–"
          ) : (
            <FilterValue field="transport_protocol" value={protocol} kind="protocol">
              {names.protocol(protocol) ?? protocol}
            </FilterValue>
          )}
        </td>
        <td className="fg-conn-end">
          <span className={`fg-end fg-end-${state}`} aria-hidden="true" /> {endTitle(state)}{" "}
          <span className="fg-dim">{endBy(connection)}</span>
        </td>
        <td className="fg-number fg-conn-sent" title={`${exact(connection.bytes_from_initiator)} bytes`}>
          {least + bytes(connection.bytes_from_initiator)}
        </td>
        <td className="fg-number fg-conn-answered" title={`${exact(connection.bytes_from_target)} bytes`}>
          {least + bytes(connection.bytes_from_target)}
        </td>
        <td className="fg-number fg-conn-most-room">{least + exact(packets)}</td>
        <td
          className="fg-number fg-conn-most-room"
          title={`${exact(connection.records)} records of ${connection.sides.length} vNIC${connection.sides.length === 1 ? "" : "s"}`}
        >
          {exact(connection.records)}
        </td>
      </tr>
      {open && (
        <tr className="fg-conn-details">
          <td colSpan={10}>
            <ConnectionDetails id={connection.id} row={row ?? connection.id} names={names} zone={zone} />
          </td>
        </tr>
      )}
    </>
  );
}

interface SideProps {
  name: "initiator" | "target";
  connection: ConnectionSummary;
  names: Names;
}

function Side({ name, connection, names }: SideProps) {
  const address = connection[`${name}_ip`];
  const port = connection[`${name}_port`];
  if (address === null) return <span className="fg-dim">–</span>;
  const service = name === "target" ? names.service(port, connection.transport_protocol) : undefined;
  const called = [names.host(address), service].filter(Boolean).join(" ");
  return (
    <span className="fg-mono">
      <FilterValue field={`${name}_ip`} value={address} kind="address" note={names.label(address)}>
        {address}
      </FilterValue>
      {port !== null && (
        <span className="fg-port">
          :
          <FilterValue field={`${name}_port`} value={port} kind="port">
            {port}
          </FilterValue>
        </span>
      )}
      {called && <span className="fg-name"> {called}</span>}
    </span>
  );
}
