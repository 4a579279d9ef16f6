//! The field catalogue: what a row's columns are called and mean.

import { useMemo } from "react";

import { useAnswer } from "./query";
import type { FieldInfo } from "./types";

/** The catalogue, in column order; empty until it is known. */
export function useFields(): readonly FieldInfo[] {
  const { data } = useAnswer("/api/v1/fields", {});
  return useMemo(() => data?.columns ?? [], [data]);
}

/** Fields whose values are numbers worth adding up. */
export function isNumber(field: FieldInfo): boolean {
  return field.kind === "integer";
}
