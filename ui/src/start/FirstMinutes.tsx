import { type ReactNode, Suspense, lazy, useState } from "react";

import { queryClient, useAnswer } from "../api/query";
import { isEmpty } from "./steps";

const EmptyLake = lazy(() => import("./EmptyLake"));

/** Shows what to do next in place of a page that has nothing to show, until one goes on. */
export function FirstMinutes({ children }: { children: ReactNode }) {
  const { data } = useAnswer("/api/v1/lake", {}, { every: 15_000 });
  const [begun, setBegun] = useState(false);
  if (!begun && isEmpty(data)) setBegun(true);
  if (!begun) return children;
  const goOn = () => {
    setBegun(false);
    void queryClient.invalidateQueries();
  };
  return (
    <Suspense>
      <EmptyLake onGoOn={goOn} />
    </Suspense>
  );
}
