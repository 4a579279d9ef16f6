import { useSyncExternalStore } from "react";

const narrow = window.matchMedia("(max-width: 671px)");

/** True on screens as narrow as a phone's. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener("change", listener);
      return () => narrow.removeEventListener("change", listener);
    },
    () => narrow.matches,
  );
}
