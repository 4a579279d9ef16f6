//! Names for the generated types that pages speak of.

import type { components, paths } from "./schema";

type Schemas = components["schemas"];

export type Row = Schemas["Row"];
export type Meta = Schemas["Meta"];
export type Coverage = Schemas["Coverage"];
export type Gap = Schemas["Gap"];
export type LossyWindow = Schemas["LossyWindow"];
export type Nearest = Schemas["Nearest"];
export type Measure = Schemas["Measure"];
export type FieldInfo = Schemas["FieldInfo"];
export type Facet = Schemas["Facet"];
/** A value of a key, an aggregate or a list. */
export type Value = string | number | boolean | null;
export type HistogramAnswer = Schemas["HistogramAnswer"];
export type SearchAnswer = Schemas["SearchAnswer"];
export type ExplainAnswer = Schemas["ExplainAnswer"];
export type ConnectionSummary = Schemas["ConnectionSummary"];
export type LakeAnswer = Schemas["LakeAnswer"];
export type ProblemDetails = Schemas["Problem"];

type Ok<Operation> = Operation extends {
  responses: { 200: { content: { "application/json": infer Body } } };
}
  ? Body
  : never;

/** Paths that can be asked with GET and answer JSON. */
export type GetPath = {
  [Path in keyof paths]: paths[Path] extends { get: infer Operation }
    ? Ok<Operation> extends never
      ? never
      : Path
    : never;
}[keyof paths];

/** The JSON answer to GET of a path. */
export type Answer<Path extends GetPath> = paths[Path] extends { get: infer Operation } ? Ok<Operation> : never;

/** The parameters of GET of a path: those of the query string, and those in the path itself. */
export type Params<Path extends GetPath> = paths[Path] extends { get: { parameters: infer Parameters } }
  ? Partial<Part<Parameters, "query">> & Part<Parameters, "path">
  : never;

type Part<Parameters, Name extends string> =
  Parameters extends Partial<Record<Name, infer Found>>
    ? [NonNullable<Found>] extends [never]
      ? object
      : NonNullable<Found>
    : object;
