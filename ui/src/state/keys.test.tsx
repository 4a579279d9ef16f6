import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";

import { useBindings, useKeys } from "./keys";

function Page({ go, focus }: { go: () => void; focus: () => void }) {
  useKeys([
    { keys: "g m", does: "Go to Map", section: "Everywhere", run: go },
    { keys: "/", does: "Write the query", section: "Query", run: focus },
  ]);
  const bindings = useBindings();
  return (
    <>
      <input aria-label="box" />
      <output>{bindings.map(({ keys }) => keys).join(" ")}</output>
    </>
  );
}

it("runs keys and sequences, but not what is typed", () => {
  const [go, focus] = [vi.fn(), vi.fn()];
  const { unmount } = render(<Page go={go} focus={focus} />);
  fireEvent.keyDown(document.body, { key: "m" });
  expect(go).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "g" });
  fireEvent.keyDown(document.body, { key: "m" });
  expect(go).toHaveBeenCalledOnce();
  fireEvent.keyDown(screen.getByLabelText("box"), { key: "/" });
  fireEvent.keyDown(document.body, { key: "/", ctrlKey: true });
  expect(focus).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "/" });
  expect(focus).toHaveBeenCalledOnce();
  expect(screen.getByRole("status").textContent).toBe("g m /");
  unmount();
  fireEvent.keyDown(document.body, { key: "/" });
  expect(focus).toHaveBeenCalledOnce();
});
