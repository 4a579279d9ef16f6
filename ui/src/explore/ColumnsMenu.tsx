import { Checkbox } from "@carbon/react";
import { useState } from "react";

import { useFields } from "../api/fields";
import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { COMPOSED_COLUMNS } from "./columns";
import { useLayout } from "./layout";

/** Chooses the table's columns: composed ones, and every field of a row with its meaning. */
export function ColumnsMenu() {
  const fields = useFields();
  const layout = useLayout(fields);
  const [search, setSearch] = useState("");
  const shown = new Set(layout.places.map(({ id }) => id));
  const wanted = ({ id, doc }: { id: string; doc: string }) =>
    `${id} ${doc}`.toLowerCase().includes(search.trim().toLowerCase());
  const groups = [
    { title: "Usual", columns: COMPOSED_COLUMNS.filter(wanted) },
    {
      title: "Fields of a row",
      columns: fields
        .map(({ name, doc }) => ({ id: name, label: name, doc }))
        .filter((column) => wanted(column) && !COMPOSED_COLUMNS.some(({ id }) => id === column.id)),
    },
  ];
  return (
    <Menu
      label={
        <>
          <Icon name="columns" />
          <span className="fg-wide">Columns</span>
        </>
      }
      name="Columns"
      align="end"
      quiet
    >
      {() => (
        <div className="fg-columns">
          <div className="fg-columns-top">
            <input
              className="fg-input"
              placeholder="Find a field"
              aria-label="Find a field"
              value={search}
              onChange={(event) => setSearch(event.target.value)}
            />
            <button type="button" className="fg-link" onClick={layout.reset}>
              Reset
            </button>
          </div>
          {groups.map(({ title, columns }) => (
            <fieldset key={title}>
              <legend>{title}</legend>
              {columns.map(({ id, label, doc }) => (
                <div key={id} className="fg-columns-one" title={doc}>
                  <Checkbox
                    id={`column-${id}`}
                    labelText={label}
                    checked={shown.has(id)}
                    onChange={() => layout.toggle(id)}
                  />
                  <span className="fg-dim">{doc}</span>
                </div>
              ))}
            </fieldset>
          ))}
        </div>
      )}
    </Menu>
  );
}
