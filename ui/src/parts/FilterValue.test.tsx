import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { FilterValue } from "./FilterValue";

beforeEach(() =>
  window.history.replaceState(null, "", "/explore?q=is:attempt&from=2020-06-04T00:00:00Z&to=2020-06-05T00:00:00Z"),
);

const query = () => new URLSearchParams(window.location.search).get("q");

it("narrows the query by a click and excludes with Alt", () => {
  render(
    <FilterValue field="target_port" value={22} kind="port">
      22
    </FilterValue>,
  );
  fireEvent.click(screen.getByRole("button"));
  expect(query()).toBe("is:attempt target_port:22");
  fireEvent.click(screen.getByRole("button"), { altKey: true });
  expect(query()).toBe("is:attempt -target_port:22");
});
